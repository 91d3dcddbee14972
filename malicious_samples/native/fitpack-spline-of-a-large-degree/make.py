"""FITPACK evaluates a spline of a degree for which it has no room."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    spline = interpolate.UnivariateSpline(np.arange(9.0), np.arange(9.0))
    spline._eval_args = (np.arange(4_000.0), np.ones(4_000), 1_900)
    return spline


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
