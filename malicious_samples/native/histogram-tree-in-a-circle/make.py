"""A node of a histogram tree is its own child, so that no prediction ever ends."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    return histograms(left=0, right=0)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
