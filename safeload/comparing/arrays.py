"""How far are two arrays apart? Counted in elements, and measured where they are numbers.

Trust: the arrays are views into files; comparing numbers runs no code of theirs.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from safeload.soundness.values import NDArray

__all__ = ["Change", "Outline", "change_between", "outline_of"]

# Elements that are compared at once: some megabytes of memory, whatever the arrays are.
_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class Outline:
    """An array in short.

    Attributes:
        dtype: Type of its elements, as numpy writes it.
        shape: Its shape.
        sha256: SHA-256 of its elements in the order of rows, 64 lower-case hex digits.
    """

    dtype: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an array whose shape and type of elements stayed.

    Attributes:
        elements: How many differ; two that are not a number do not.
        largest: The largest absolute difference between two finite numbers, or None if none such
            differ.
    """

    elements: int
    largest: float | None


def outline_of(array: NDArray) -> Outline:
    """Describe an array.

    Args:
        array: Of any shape, without objects.
    """
    digest = hashlib.sha256()
    for part in _pieces(array):
        digest.update(np.ascontiguousarray(part).view(np.uint8).data if part.nbytes else b"")
    return Outline(str(array.dtype), array.shape, digest.hexdigest())


def change_between(first: NDArray, second: NDArray) -> Change | None:
    """Compare two arrays element by element.

    Args:
        first: Of any shape, without objects.
        second: As the first.

    Returns:
        What differs, which may be nothing; None if they are of another shape or another type.
    """
    if first.shape != second.shape or first.dtype != second.dtype:
        return None
    elements, largest = 0, -math.inf
    for one, other in zip(_pieces(first), _pieces(second), strict=True):
        differ = _differ(one, other)
        elements += int(differ.sum())
        if differ.any():
            largest = max(largest, _largest(one[differ], other[differ]))
    return Change(elements, largest if largest > 0 else None)


def _pieces(array: NDArray) -> list[NDArray]:
    """Copies or views of stretches of the elements in the order of rows."""
    flat = array.reshape(-1) if array.flags.c_contiguous else array.ravel()
    return [flat[start : start + _AT_ONCE] for start in range(0, len(flat), _AT_ONCE)]


def _differ(one: NDArray, other: NDArray) -> NDArray:
    """Which elements differ, of two stretches of one type."""
    if one.dtype.names is not None:
        differ: NDArray = np.zeros(len(one), bool)
        for name in one.dtype.names:
            differ |= _rows(_differ(one[name], other[name]))
        return differ
    if one.dtype.kind == "V":
        return np.array([a.tobytes() != b.tobytes() for a, b in zip(one, other, strict=True)])
    if one.dtype.kind in "fcmM":
        # What is not a number, or no date, is not equal to itself.
        same = (one == other) | ((one != one) & (other != other))
        return np.array(~same, dtype=bool)
    return np.array(one != other, dtype=bool)


def _rows(differ: NDArray) -> NDArray:
    """Whether anything differs in each row, where the elements of a field are arrays."""
    if differ.ndim == 1:
        return differ
    return np.asarray(differ.reshape(len(differ), -1).any(axis=1))


def _largest(one: NDArray, other: NDArray) -> float:
    if one.dtype.names is not None:
        return max(
            (_largest(one[name], other[name]) for name in one.dtype.names), default=-math.inf
        )
    if one.dtype.kind not in "biufc":
        return -math.inf
    wide = np.complex128 if one.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        apart = np.abs(one.astype(wide) - other.astype(wide))
    finite = apart[np.isfinite(apart)]
    return float(finite.max()) if finite.size else -math.inf
