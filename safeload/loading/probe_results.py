"""Does a model predict what it predicted when it was signed? Labels exactly, numbers nearly.

Trust: the results recorded are plain data; those found are whatever the model returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from safeload.loading.probe_data import is_frame, is_sparse

__all__ = ["is_same"]

# What arithmetic in fewer bits leaves certain, relative and absolute; by bytes of a number.
_COARSER = {2: (1e-2, 1e-3), 4: (1e-4, 1e-6)}


def is_same(found: Any, expected: Any, *, rtol: float, atol: float, exactly: bool = False) -> bool:
    """Compare two results.

    Args:
        found: What the model returned.
        expected: What was recorded, decoded.
        rtol: Relative difference between two numbers with a fraction, at most; more is allowed
            where they have four bytes or two.
        atol: Absolute difference, at most.
        exactly: Whether such numbers have to be the same, as labels have.

    Returns:
        Whether they are of one form and shape, and of equal content.
    """
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(
                is_same(one, other, rtol=rtol, atol=atol, exactly=exactly)
                for one, other in zip(found, expected, strict=True)
            )
        )
    if is_frame(expected):
        return is_frame(found) and _frames(found, expected, rtol, atol, exactly=exactly)
    if is_sparse(expected) and is_sparse(found):
        return _sparse(found.tocsr(), expected.tocsr(), rtol, atol)
    return _arrays(_dense(found), _dense(expected), rtol, atol, exactly=exactly)


def _frames(found: Any, expected: Any, rtol: float, atol: float, *, exactly: bool) -> bool:
    if found.shape != expected.shape or list(found.columns) != list(expected.columns):
        return False
    columns = (
        (found.iloc[:, place], expected.iloc[:, place]) for place in range(expected.shape[1])
    )
    return all(
        bool((one.isna().to_numpy() == other.isna().to_numpy()).all())
        and _arrays(_present(one), _present(other), rtol, atol, exactly=exactly)
        for one, other in columns
    )


def _present(column: Any) -> np.ndarray[Any, Any]:
    """The values of a column that are there: numbers as such, dates and the like as objects."""
    values = np.asarray(column.dropna())
    return values if values.dtype.kind in "biufO" else values.astype(object)


def _arrays(
    found: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    rtol: float,
    atol: float,
    *,
    exactly: bool,
) -> bool:
    if found.shape != expected.shape:
        return False
    if found.dtype.kind in "fc" and expected.dtype.kind in "fc":
        if exactly:
            return bool(np.array_equal(found, expected, equal_nan=True))
        wide, near = _tolerance(found, rtol, atol)
        return bool(np.allclose(found, expected, rtol=wide, atol=near, equal_nan=True))
    if found.dtype.kind in "mM":
        return bool(np.array_equal(found, expected, equal_nan=True))
    if found.dtype.kind == "O" or expected.dtype.kind == "O":
        return all(map(_equal, found.ravel().tolist(), expected.ravel().tolist()))
    return bool(np.array_equal(found, expected))


def _equal(one: Any, other: Any) -> bool:
    # What is not a number is not equal to itself.
    return bool(one == other) or (bool(one != one) and bool(other != other))


def _sparse(found: Any, expected: Any, rtol: float, atol: float) -> bool:
    if found.shape != expected.shape:
        return False
    wide, near = _tolerance(found.data, rtol, atol)
    first, second = found.astype(np.float64), expected.astype(np.float64)
    for matrix in (first, second):
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    if np.array_equal(first.indptr, second.indptr) and np.array_equal(
        first.indices, second.indices
    ):
        return bool(np.allclose(first.data, second.data, rtol=wide, atol=near, equal_nan=True))
    # What one of them leaves out may be nearly nothing in the other.
    beyond = abs(first - second) - wide * abs(second)
    return not beyond.nnz or bool((beyond.data <= near).all())


def _tolerance(found: np.ndarray[Any, Any], rtol: float, atol: float) -> tuple[float, float]:
    wide, near = _COARSER.get(found.dtype.itemsize, (0.0, 0.0))
    return max(rtol, wide), max(atol, near)


def _dense(outcome: Any) -> np.ndarray[Any, Any]:
    return np.asarray(outcome.toarray() if is_sparse(outcome) else outcome)
