"""A grid of sixteen points has four values."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    axis = np.arange(4.0)
    grid = interpolate.RegularGridInterpolator((axis, axis), np.outer(axis, axis))
    name = "_values" if hasattr(grid, "_values") else "values"
    setattr(grid, name, np.ones((2, 2)))
    return grid


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
