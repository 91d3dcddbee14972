"""Splines as scipy makes them are sound, whatever FITPACK left in their arrays."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import interpolate

import safeload

X = np.linspace(0, 1, 9)
Y = np.sin(6 * X)
MADE: dict[str, Any] = {
    "interpolating": interpolate.InterpolatedUnivariateSpline(X, Y),
    "without smoothing": interpolate.UnivariateSpline(X, Y, k=2, s=0),
    "with given knots": interpolate.LSQUnivariateSpline(X, Y, [0.5]),
    "smoothed": interpolate.UnivariateSpline(X, Y, s=0.01),
    "a polynomial": interpolate.UnivariateSpline(X, Y, s=100.0),
}
# Where the number of points between two knots stands.
_COUNTS = 12


def is_accepted(spline: Any, path: Path) -> bool:
    joblib.dump(spline, path / "spline")
    return safeload.audit(path / "spline").exit_code == 0


@pytest.mark.parametrize("name", MADE)
def test_a_spline_is_sound(name: str, tmp_path: Path) -> None:
    assert is_accepted(MADE[name], tmp_path)


@pytest.mark.parametrize("name", ["interpolating", "without smoothing", "a polynomial"])
def test_what_was_in_memory_is_no_attack(name: str, tmp_path: Path) -> None:
    spline = copy.copy(MADE[name])
    data = list(vars(spline)["_data"])
    if data[_COUNTS] is None:
        pytest.skip("scipy keeps no such numbers since 1.18")
    data[_COUNTS] = np.full_like(data[_COUNTS], -452859798)
    vars(spline)["_data"] = tuple(data)
    assert is_accepted(spline, tmp_path)


def test_a_spline_that_fits_on_counts_points_that_are_there(tmp_path: Path) -> None:
    spline = interpolate.UnivariateSpline(np.linspace(0, 1, 60), np.sin(np.arange(60.0)), s=20.0)
    assert len(spline.get_knots()) > 2
    assert is_accepted(spline, tmp_path)
    data = list(vars(spline)["_data"])
    data[_COUNTS] = np.full_like(data[_COUNTS], 2**20)
    vars(spline)["_data"] = tuple(data)
    assert not is_accepted(spline, tmp_path)


@pytest.mark.parametrize(
    ("kept", "is_sound"), [(None, True), (0, False), ("0", False), ([], False)]
)
def test_in_place_of_counts_there_may_be_nothing(kept: Any, is_sound: bool, tmp_path: Path) -> None:
    # As scipy 1.18 leaves them where it had to make more room.
    spline = copy.copy(interpolate.UnivariateSpline(X, Y, s=0.01))
    data = list(vars(spline)["_data"])
    nothing = np.empty(len(data[8]), dtype=object)
    nothing[-1] = kept
    data[11:13] = [np.empty(len(data[8]), dtype=object), nothing]
    vars(spline)["_data"] = tuple(data)
    assert is_accepted(spline, tmp_path) == is_sound
