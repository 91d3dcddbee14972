"""Splines and piecewise polynomials of scipy: knots, coefficients and degrees.

Evaluation looks for the interval of a value among the knots that the degree leaves, and takes as
many coefficients as it says. FITPACK, in Fortran, keeps the basis of one value in room for the
fifth degree. Whether knots are sorted makes no difference to where is read.

Trust: the attributes are hostile.
Source: scipy ``interpolate/src/_fitpack`` and ``_bspl`` (``find_interval``, ``evaluate_spline``),
``interpolate/_ppoly.pyx``, ``interpolate/_fitpack2.py``, ``interpolate/_ndbspline.py``
(``evaluate_ndbspline``), FITPACK ``splev.f``, ``fpcurf.f``, ``fpknot.f``, ``bispev.f``.
"""

from __future__ import annotations

import math

import numpy as np

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import array, integer, is_array, objects

__all__ = ["fitpack", "polynomial", "product", "spline", "surface"]

# The time to evaluate grows with the square of a degree.
_MOST_DEGREE = 255
_FITPACK_DEGREE = 5
# Releases before 1.16 had no underscore; which of the two counts is a matter of the release.
_KNOTS = (("_t", "_c"), ("t", "c"))
_PIECES = (("_x", "_c"), ("x", "c"))
_DATA = 14


@each
def spline(built: ObjectToken) -> None:
    """BSpline: at least as many coefficients as the knots and the degree leave."""
    if _delegates(built):
        return
    state = attributes(built)
    for knots, coefficients in _KNOTS:
        if knots in state or coefficients in state:
            degree = integer(state.get("k", MISSING), "k")
            if not 0 <= degree <= _MOST_DEGREE:
                raise UnsoundError("k is not a degree of a spline")
            _fits(state, knots, coefficients, degree)


def _delegates(built: ObjectToken) -> bool:
    """Whether it is the outer half of a spline of scipy 1.18; the inner one is checked itself."""
    state = built.states[0] if len(built.states) == 1 else None
    return (
        type(state) is tuple
        and len(state) == 2
        and isinstance(state[0], ObjectToken)
        and state[0].is_of("scipy.interpolate._bsplines", "_BSpline")
        and is_array(state[1])
    )


@each
def polynomial(built: ObjectToken) -> None:
    """PPoly and its like: a column of coefficients for each interval, and one interval at least."""
    state = attributes(built)
    for breaks, coefficients in _PIECES:
        if breaks in state and coefficients in state:
            ends = array(state[breaks], breaks)
            values = array(state[coefficients], coefficients)
            if ends.ndim != 1 or len(ends) < 2:
                raise UnsoundError(f"{breaks} are not the ends of an interval")
            if values.ndim < 2 or not len(values) or values.shape[1] != len(ends) - 1:
                raise UnsoundError(f"{coefficients} does not have one column for each interval")


@each
def fitpack(built: ObjectToken) -> None:
    """UnivariateSpline: what FITPACK evaluates, and what it would continue to fit."""
    state = attributes(built)
    if "_eval_args" in state:
        parts = state["_eval_args"]
        if type(parts) not in (tuple, list) or len(parts) != 3:
            raise UnsoundError("_eval_args are not knots, coefficients and a degree")
        made = {"_eval_args": parts[0], "coefficients": parts[1]}
        degree = integer(parts[2], "_eval_args")
        if not 0 <= degree <= _FITPACK_DEGREE:
            raise UnsoundError("_eval_args has a degree that FITPACK has no room for")
        _fits(made, "_eval_args", "coefficients", degree)
    if "_data" in state:
        _fitted(state["_data"])


@each
def surface(built: ObjectToken) -> None:
    """BivariateSpline: the same in two directions."""
    state = attributes(built)
    if "tck" not in state:
        return
    parts, degrees = state["tck"], state.get("degrees")
    if not isinstance(parts, tuple | list) or len(parts) != 3:
        raise UnsoundError("tck are not knots of two directions and coefficients")
    if not isinstance(degrees, tuple | list) or len(degrees) != 2:
        raise UnsoundError("degrees are not two")
    needed = 1
    for token, given in zip(parts[:2], degrees, strict=True):
        knots, degree = array(token, "tck"), integer(given, "degrees")
        if not 0 <= degree <= _FITPACK_DEGREE:
            raise UnsoundError("degrees has a degree that FITPACK has no room for")
        if knots.ndim != 1 or len(knots) < 2 * degree + 2:
            raise UnsoundError("tck has too few knots for its degrees")
        needed *= len(knots) - degree - 1
    if array(parts[2], "tck").size < needed:
        raise UnsoundError("tck has too few coefficients for its knots")


@each
def product(built: ObjectToken) -> None:
    """NdBSpline: as a spline in each direction, and each coefficient's place in a cell once."""
    state = attributes(built)
    knots, places = (array(state.get(key, MISSING), key) for key in ("_t", "_indices_k1d"))
    if knots.ndim != 2 or not len(knots):
        raise UnsoundError("_t has no row of knots for each direction")
    degrees, lengths = (_numbers(state, key, len(knots)) for key in ("_k", "_len_t"))
    values = array(state.get("_c", MISSING), "_c")
    if values.ndim < len(knots):
        raise UnsoundError("_c has too few directions")
    for degree, length, count in zip(degrees, lengths, values.shape, strict=False):
        if not 0 <= degree <= _MOST_DEGREE:
            raise UnsoundError("_k is not a degree of a spline")
        if not 2 * degree + 2 <= length <= knots.shape[1]:
            raise UnsoundError("_len_t does not fit the degree and the knots")
        if count < length - degree - 1:
            raise UnsoundError("_c are too few for the knots")
    cells = math.prod(degree + 1 for degree in degrees)
    if places.shape != (cells, len(knots)) or places.dtype.kind not in "iu":
        raise UnsoundError("_indices_k1d does not have one place for each coefficient of a cell")
    if (places < 0).any() or (places > np.array(degrees)).any():
        raise UnsoundError("_indices_k1d has a place outside of a cell")


def _numbers(state: Attributes, key: str, count: int) -> list[int]:
    found = array(state.get(key, MISSING), key)
    if found.shape != (count,) or found.dtype.kind not in "iu":
        raise UnsoundError(f"{key} does not have one number for each direction")
    return [int(number) for number in found]


def _fits(state: Attributes, knots: str, coefficients: str, degree: int) -> None:
    found = array(state.get(knots, MISSING), knots)
    if found.ndim != 1 or len(found) < 2 * degree + 2:
        raise UnsoundError(f"{knots} has too few knots for its degree")
    values = array(state.get(coefficients, MISSING), coefficients)
    if values.ndim < 1 or len(values) < len(found) - degree - 1:
        raise UnsoundError(f"{coefficients} are too few for the knots")


def _fitted(data: Token) -> None:
    """``x, y, w, xb, xe, k, s, n, t, c, fp, fpint, nrdata, ier``."""
    if type(data) is not tuple or len(data) != _DATA:
        raise UnsoundError("_data does not have the parts of a fit")
    degree, count = integer(data[5], "_data"), integer(data[7], "_data")
    knots = array(data[8], "_data")
    if not 0 <= degree <= _FITPACK_DEGREE or not 2 * degree + 2 <= count <= len(knots):
        raise UnsoundError("_data has a degree or a number of knots that does not fit")
    if data[0] is None:
        # Made from knots, and never to be fitted again.
        return
    points = {array(data[part], "_data").shape for part in (0, 1, 2)}
    # A fit with given knots has none of the last two, without which FITPACK is not called. Since
    # scipy 1.18 no fit has them: what is kept in their place is handed around and never read.
    is_final = all(map(_is_nothing, data[11:13]))
    kept = (8, 9) if is_final else (8, 9, 11, 12)
    rooms = {array(data[part], "_data").shape for part in kept}
    if len(points) != 1 or len(rooms) != 1:
        raise UnsoundError("_data has arrays of different lengths")
    if is_final:
        return
    length = points.pop()[0]
    if count in (2 * degree + 2, length + degree + 1):
        # With the fewest knots FITPACK begins anew, and to the most it adds none. What it has not
        # counted is what was in memory.
        return
    within = array(data[12], "_data")[: count - 2 * degree - 1]
    if within.dtype.kind not in "iu" or (within < 0).any():
        raise UnsoundError("_data counts points that are not there")
    if int(within.sum()) > length:
        raise UnsoundError("_data counts points that are not there")


def _is_nothing(token: Token) -> bool:
    """Whether it is None, or an array of nothing else, which no release takes for numbers."""
    if token is None:
        return True
    try:
        return all(item is None for item in objects(token, "_data").flat)
    except UnsoundError:
        return False
