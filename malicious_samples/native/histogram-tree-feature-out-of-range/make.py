"""A node of a histogram tree asks for a feature far behind the last column."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    return histograms(feature_idx=1 << 40)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
