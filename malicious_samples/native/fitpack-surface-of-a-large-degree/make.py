"""FITPACK evaluates a surface of a degree for which it has no room."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    axis = np.arange(9.0)
    spline = interpolate.RectBivariateSpline(axis, axis, np.outer(axis, axis))
    spline.tck = (np.arange(4_000.0), np.arange(4.0), np.ones(4_198))
    spline.degrees = (1_900, 1)
    return spline


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
