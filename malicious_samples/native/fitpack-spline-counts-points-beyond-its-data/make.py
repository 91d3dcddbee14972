"""A fit that is continued goes by counts of points that are not there."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import interpolate

    places = np.arange(10.0)
    spline = interpolate.UnivariateSpline(places, np.sin(places), s=0.01)
    data = list(spline._data)
    for part in (8, 9, 11):
        # Beyond its knots is whatever the memory held.
        data[part][data[7] :] = 0.0
    # Above what is asked for, so that the fit goes on from where it was.
    data[11][data[7] - 1] = 3.0
    data[12][:] = 10**8
    vars(spline)["_data"] = tuple(data)
    return spline


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
