"""A node of a histogram tree has a child far behind the last node."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    return histograms(left=0xFFFF_FF00, right=0xFFFF_FF00)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
