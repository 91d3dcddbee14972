"""A spline of two variables reads coefficients far outside of a cell."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    axis = np.arange(7.0)
    grid = interpolate.RegularGridInterpolator((axis, axis), np.eye(7), method="cubic")
    spline = vars(grid)["_spline"]
    vars(spline)["_indices_k1d"] = np.full((16, 2), 2**40)
    return grid


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
