"""A histogram tree splits by categories and has no row of bits for it."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    return histograms(is_categorical=1, bitset_idx=1 << 28)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
