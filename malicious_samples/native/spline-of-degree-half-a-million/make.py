"""A spline is of a degree of half a million, which its knots are far too few for."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    spline = interpolate.make_interp_spline(np.arange(9.0), np.arange(9.0))
    spline.k = 500_000
    return spline


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
