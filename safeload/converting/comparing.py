"""Do two models predict the same on some rows? Labels have to be equal, numbers nearly.

Trust: results are what isolated processes say. They are plain arrays, numbers and text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from safeload.arguments import wrong_value
from safeload.errors import LoadError, printable
from safeload.isolation.model import IsolatedModel

__all__ = ["Tolerance", "compare", "differing"]

# What a classifier gives beside its labels may be its scores. Whatever has one of them predicts
# labels, which may be numbers.
_BESIDE = ("predict_proba", "decision_function", "score_samples")
# By format: relative and absolute.
_USUAL = {"joblib": (1e-9, 1e-12), "skops": (1e-9, 1e-12), "onnx": (1e-3, 1e-5)}
# Looser than this, a comparison says nothing.
_LOOSEST = 0.1


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two numbers may be apart.

    Attributes:
        relative: Of the larger one, at most.
        absolute: At most, where that is more.
    """

    relative: float
    absolute: float

    @classmethod
    def of(cls, form: str, relative: float | None) -> Tolerance:
        """The tolerance of a format, or the one that a caller gave.

        Raises:
            UsageError: It is out of range.
        """
        usual, absolute = _USUAL[form]
        if relative is None:
            return cls(usual, absolute)
        if not 0 <= relative <= _LOOSEST:
            raise wrong_value("tolerance", takes=f"a number from 0 to {_LOOSEST}")
        return cls(relative, min(absolute, relative))


_EXACT = Tolerance(0.0, 0.0)


def compare(
    model: IsolatedModel, other: IsolatedModel, rows: Any, tolerance: Tolerance
) -> dict[str, float]:
    """Compare what two models make of the same rows.

    Args:
        model: The model that was converted.
        other: What it was converted to.
        rows: The rows.
        tolerance: How far numbers may be apart.

    Returns:
        By method of the first model: the largest absolute difference between two numbers.

    Raises:
        LoadError: The results differ (``predictions-differ``), there is nothing to compare
            (``nothing-compared``), or a process failed.
    """
    found: dict[str, float] = {}
    labels = not set(_BESIDE).isdisjoint(model.methods)
    for method in other.methods:
        for own in _counterparts(method, model):
            near = _EXACT if labels and own == "predict" else tolerance
            expected, result = getattr(model, own)(rows), getattr(other, method)(rows)
            difference = _difference(expected, result, near)
            if difference is not None:
                found[own] = difference
                break
            if method in model.methods or method != "predict_proba":
                raise differing(f"{own} differs from the model's")
    if not found:
        raise LoadError(
            "The converted model has no method whose results could be compared.",
            code="nothing-compared",
            hint="Compare it by hand, or convert without comparing (--no-probe, compared=False).",
        )
    return found


def _counterparts(method: str, model: IsolatedModel) -> list[str]:
    """What the first model calls a result of the second."""
    if method in model.methods:
        return [method]
    others = _BESIDE if method == "predict_proba" else ("transform",)
    return [name for name in others if name in model.methods]


def _difference(expected: Any, found: Any, tolerance: Tolerance) -> float | None:
    """The largest difference between two results; None if they are not the same."""
    if _is_frame(expected) and _is_frame(found):
        if list(expected.columns) != list(found.columns):
            return None
        # Each column has its own type.
        places = range(expected.shape[1])
        pairs = [(expected.iloc[:, at], found.iloc[:, at]) for at in places]
        return _largest(pairs, tolerance)
    if _are_outputs(expected) and _are_outputs(found):
        if len(expected) != len(found):
            return None
        return _largest(list(zip(expected, found, strict=True)), tolerance)
    try:
        one, other = _array(expected), _array(found)
    except ValueError:
        # Lists of what is not of one length.
        return None
    if one.size != other.size or one.shape[:1] != other.shape[:1]:
        return None
    # A column of numbers is as good as a row of them.
    one, other = one.ravel(), other.ravel()
    if one.dtype.kind != "f" and other.dtype.kind != "f":
        return 0.0 if all(map(_is_same, one.tolist(), other.tolist())) else None
    try:
        one, other = one.astype(float), other.astype(float)
    except (TypeError, ValueError):
        return None
    near = np.isclose(other, one, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)
    if not near.all():
        return None
    finite = np.isfinite(one) & np.isfinite(other)
    return float(np.abs(one[finite] - other[finite]).max(initial=0.0))


def _largest(pairs: list[tuple[Any, Any]], tolerance: Tolerance) -> float | None:
    found = [_difference(one, other, tolerance) for one, other in pairs]
    return None if None in found else max((each for each in found if each is not None), default=0.0)


def _is_frame(result: Any) -> bool:
    return hasattr(result, "columns") and hasattr(result, "iloc")


def _are_outputs(result: Any) -> bool:
    """Whether it is a list with an array for each output."""
    return isinstance(result, list) and bool(result) and all(hasattr(x, "shape") for x in result)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal, or both missing."""
    try:
        # What is not a number is not equal to itself.
        return bool(one == other) or (bool(one != one) and bool(other != other))
    except (TypeError, ValueError):
        # pandas does not say whether what is missing is equal to anything.
        return one is other


def _array(result: Any) -> np.ndarray[Any, Any]:
    dense = result.toarray() if hasattr(result, "toarray") else result
    return np.asarray(dense)


def differing(how: str) -> LoadError:
    """The error about a result that is not as its source.

    Args:
        how: In words: what of the result differs from what.
    """
    return LoadError(
        f"The converted model's {printable(how)}.",
        code="predictions-differ",
        hint="Nothing was written. Where the difference is harmless, allow for it (--tolerance); "
        "or convert to joblib or skops.",
    )
