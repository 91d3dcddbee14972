"""A piecewise polynomial has no interval, and coefficients are read all the same."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    return interpolate.PPoly.construct_fast(np.zeros((4, 0)), np.zeros(1))


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
