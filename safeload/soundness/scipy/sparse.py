"""Sparse matrices and arrays of scipy: compressed rows and columns, blocks, coordinates, lists.

scipy's loops in C++ take every index for one that exists. Its constructors check indices, but a
pickle sets the arrays themselves, and so does ``load_npz`` for those in compressed form. Matrices
that are dicts of coordinates (DOK) check what is done with them, but an item that a pickle sets may
be a whole row.

Trust: the attributes are hostile.
Source: scipy ``sparse/_compressed.py`` (``check_format``), ``sparse/_coo.py``, ``sparse/_dia.py``,
``sparse/_lil.py``, and ``sparse/sparsetools``.
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import Global, ObjectToken
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import NDArray, array, integer, is_array, objects

__all__ = [
    "blocks",
    "cells",
    "columns",
    "coordinates",
    "diagonals",
    "is_columns",
    "is_rows",
    "is_sparse",
    "lists",
    "rows",
]

# Sums of an offset and a length stay within 32 bits.
_MOST_OFFSET = 2**30
# Dimensions of an array; numpy's own bound.
_MOST_DIMENSIONS = 64


@each
def rows(built: ObjectToken) -> None:
    """CSR: ``indptr`` counts rows, ``indices`` names columns."""
    state = attributes(built)
    if state:
        shape = _shape(state)
        height = shape[0] if len(shape) == 2 else 1
        _compressed(state, height, shape[-1], _elements(state))


@each
def columns(built: ObjectToken) -> None:
    """CSC: ``indptr`` counts columns, ``indices`` names rows."""
    state = attributes(built)
    if state:
        height, width = _shape(state)
        _compressed(state, width, height, _elements(state))


@each
def blocks(built: ObjectToken) -> None:
    """BSR: as CSR, of blocks of one size each."""
    state = attributes(built)
    if not state:
        return
    height, width = _shape(state)
    data = array(state.get("data", MISSING), "data")
    if data.ndim != 3 or 0 in data.shape[1:]:
        raise UnsoundError("data is not an array of blocks")
    if height % data.shape[1] or width % data.shape[2]:
        raise UnsoundError("data has blocks that do not fill _shape")
    _compressed(state, height // data.shape[1], width // data.shape[2], data)


@each
def cells(built: ObjectToken) -> None:
    """DOK: items at one index for each dimension; of less, scipy would fill rows and columns."""
    shape = attributes(built).get("_shape")
    for key in built.items[::2]:
        if type(key) is not tuple or not 0 < len(key) <= _MOST_DIMENSIONS:
            raise UnsoundError("an item of it is not one cell")
        if type(shape) is tuple and len(shape) != len(key):
            raise UnsoundError("an item of it is not one cell")
        for index in key:
            integer(index, "an item of it")


@each
def coordinates(built: ObjectToken) -> None:
    """COO: one index for each dimension and element."""
    state = attributes(built)
    if not state:
        return
    shape = _shape(state)
    stored = len(_elements(state))
    coords = _coords(state)
    if len(coords) != len(shape):
        raise UnsoundError("coords does not have one array for each dimension")
    for index, length in zip(coords, shape, strict=True):
        if index.shape != (stored,):
            raise UnsoundError("coords does not have one index for each element of data")
        _within(index, length, "coords")


@each
def diagonals(built: ObjectToken) -> None:
    """DIA: one offset for each row of ``data``."""
    state = attributes(built)
    if not state:
        return
    _shape(state)
    data, offsets = (array(state.get(name, MISSING), name) for name in ("data", "offsets"))
    if data.ndim != 2 or offsets.shape != (len(data),) or offsets.dtype.kind not in "iu":
        raise UnsoundError("offsets does not have one number for each row of data")
    if offsets.size and not (np.abs(offsets.astype("f8")) < _MOST_OFFSET).all():
        raise UnsoundError("offsets has a number that is out of range")


@each
def lists(built: ObjectToken) -> None:
    """LIL: for each row a list of columns and one of values."""
    state = attributes(built)
    if not state:
        return
    height, width = _shape(state)
    named, values = (objects(state.get(name, MISSING), name) for name in ("rows", "data"))
    if named.shape != (height,) or values.shape != (height,):
        raise UnsoundError("rows or data does not have one list for each row")
    for columns_, items in zip(named, values, strict=True):
        if type(columns_) is not list or type(items) is not list or len(columns_) != len(items):
            raise UnsoundError("rows and data do not have lists of the same length")
        if not all(0 <= integer(column, "rows") < width for column in columns_):
            raise UnsoundError("rows names a column that does not exist")


def _elements(state: Attributes) -> NDArray:
    """The elements that are stored, one after the other."""
    data = array(state.get("data", MISSING), "data")
    if data.ndim != 1:
        raise UnsoundError("data is not a list of elements")
    return data


def _coords(state: Attributes) -> list[NDArray]:
    """An array of indices for each dimension, as any release writes them, or ``save_npz``."""
    coords = state.get("coords", (state.get("row", MISSING), state.get("col", MISSING)))
    if is_array(coords):
        return list(np.atleast_1d(array(coords, "coords")))
    if type(coords) is not tuple:
        raise UnsoundError("coords does not have one array for each dimension")
    return [array(token, "coords") for token in coords]


def _shape(state: Attributes) -> tuple[int, ...]:
    shape = state.get("_shape", MISSING)
    if type(shape) is not tuple or not 1 <= len(shape) <= _MOST_DIMENSIONS:
        raise UnsoundError("_shape is not a valid shape")
    lengths = tuple(integer(length, "_shape") for length in shape)
    if not all(0 <= length < 2**63 for length in lengths):
        raise UnsoundError("_shape is not a valid shape")
    return lengths


def _compressed(state: Attributes, major: int, minor: int, data: NDArray) -> None:
    """Check ``indptr`` and ``indices`` of as many rows, or columns, as ``major`` says."""
    starts = array(state.get("indptr", MISSING), "indptr")
    if starts.shape != (major + 1,) or starts.dtype.kind not in "iu":
        raise UnsoundError("indptr does not have one number more than _shape has rows or columns")
    if starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        raise UnsoundError("indptr does not begin with zero and grow")
    stored = int(starts[-1])
    indices = array(state.get("indices", MISSING), "indices")
    if indices.ndim != 1 or stored > len(indices) or stored > len(data):
        raise UnsoundError("indptr leads beyond the elements of indices or data")
    _within(indices[:stored], minor, "indices")


def _within(indices: NDArray, length: int, what: str) -> None:
    if indices.dtype.kind not in "iu" or indices.itemsize not in (4, 8):
        raise UnsoundError(f"{what} are not indices")
    if indices.size == 0:
        return
    # A negative number is a large one without its sign: one look at the array is enough.
    if indices.dtype.isnative:
        indices = indices.view(f"u{indices.itemsize}")
    elif int(indices.min()) < 0:
        raise UnsoundError(f"{what} has an index below zero")
    if int(indices.max()) >= length:
        raise UnsoundError(f"{what} has an index beyond _shape")


def is_sparse(built: ObjectToken) -> bool:
    """Whether an object is a sparse matrix or array in some form."""
    target = built.callable
    return (
        isinstance(target, Global)
        and target.module.startswith("scipy.sparse.")
        and target.name.endswith(("_array", "_matrix"))
    )


def is_columns(built: ObjectToken) -> bool:
    """Whether an object is a matrix in compressed columns, which has a check of its own."""
    target = built.callable
    return isinstance(target, Global) and target.name in ("csc_array", "csc_matrix")


def is_rows(built: ObjectToken) -> bool:
    """Whether an object is a matrix in compressed rows, which has a check of its own."""
    target = built.callable
    return isinstance(target, Global) and target.name in ("csr_array", "csr_matrix")
