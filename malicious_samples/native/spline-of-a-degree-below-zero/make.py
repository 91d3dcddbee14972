"""The degree of a spline is below zero, so that it is evaluated far outside of its knots."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    spline = interpolate.make_interp_spline(np.arange(9.0), np.arange(9.0))
    spline.k = -(2**30)
    return spline


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
