"""Arrays of pandas: categories, dates and times, missing values, sparse and interval arrays.

pandas' compiled code takes codes for places among the categories, and believes that a mask is as
long as its data and a sparse array as its index says. What is made through constructors is checked
there; what is unpickled is not.

Trust: the states are hostile.
Source: pandas ``_libs/arrays.pyx``, ``_libs/sparse.pyx``, ``_libs/groupby.pyx``,
``_libs/algos.pyx`` (``take_1d_*``), ``core/arrays/categorical.py``, ``core/arrays/masked.py``,
``core/arrays/sparse/array.py``, ``core/arrays/interval.py``.
"""

from __future__ import annotations

import numpy as np

from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.arrays.specs import dtype_of
from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.scan.texts import text_of
from safeload.soundness.pandas.lengths import backed, length, shape
from safeload.soundness.states import MISSING, UnsoundError, attributes, each
from safeload.soundness.values import NDArray, array, integer, objects

__all__ = ["backing", "intervals", "masked", "places", "sparse", "within"]

_KINDS = {"Categorical": "i", "DatetimeArray": "M", "PeriodArray": "i", "TimedeltaArray": "m"}
# What stands for a type in the place of numpy's, and where it is.
_OF_PANDAS = {"DatetimeArray": "DatetimeTZDtype", "PeriodArray": "PeriodDtype"}
_DTYPES = ("pandas", "pandas.core.dtypes.dtypes")
_MASKED_KINDS = {"BooleanArray": "b", "FloatingArray": "f", "IntegerArray": "iu"}
# Attributes that would take the place of what was checked.
_OWN = frozenset(["_ndarray", "_dtype", "_data"])
# numpy's numbers for days, and for seconds to nanoseconds.
_RESOLUTIONS = frozenset([4, 7, 8, 9, 10])


@each
def backing(built: ObjectToken) -> None:
    """An array over a numpy array: values of the array's own type, codes of categories."""
    if isinstance(built.callable, Global) and built.callable.name == "Categorical":
        _codes(built)
        return
    if not built.is_of("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"):
        raise UnsoundError("_ndarray is missing, which compiled code takes to be there")
    name = built.args[0].name if isinstance(built.args[0], Global) else ""
    dtype, values, rest = backed(built)
    if rest is not None:
        _further(rest)
    if name not in _KINDS:
        # Texts: an array of objects is looked at by Python alone.
        objects(values, "_ndarray")
        return
    found = array(values, "_ndarray")
    if found.dtype.kind != _KINDS[name] or (name == "PeriodArray" and found.itemsize != 8):
        raise UnsoundError("_ndarray is of a different type from the array")
    if not isinstance(dtype, ObjectToken):
        raise UnsoundError("_dtype is not a type")
    if name == "Categorical":
        categories = attributes(dtype).get("categories", MISSING)
        within(found, length(categories, "categories"), "_ndarray")
    elif not any(dtype.is_of(module, _OF_PANDAS.get(name, "")) for module in _DTYPES):
        # Its resolution is read from where numpy keeps that of a datetime.
        _same(dtype, found)


def _codes(built: ObjectToken) -> None:
    """Categories of pandas before 1.3, which keep their codes under another name."""
    state = attributes(built)
    dtype = state.get("_dtype")
    if len(built.states) != 1 or "_ndarray" in state or not isinstance(dtype, ObjectToken):
        raise UnsoundError("_ndarray is missing, which compiled code takes to be there")
    categories = attributes(dtype).get("categories", MISSING)
    found = array(state.get("_codes", MISSING), "_codes")
    if found.ndim != 1:
        raise UnsoundError("_codes does not have one dimension")
    within(found, length(categories, "categories"), "_codes")


def _same(dtype: Token, values: NDArray) -> None:
    """Check that a type of numpy's is that of the array it is kept beside."""
    try:
        kept = dtype_of(describe(dtype).spec)
    except (DTypeError, TypeError, ValueError) as error:
        raise UnsoundError("_dtype is not a type that numpy writes") from error
    if kept != values.dtype:
        raise UnsoundError("_dtype is not the type of its array")


@each
def masked(built: ObjectToken) -> None:
    """Integers, floats and booleans: as many places in the mask as there are data."""
    state = attributes(built)
    if not state:
        return
    data, mask = (array(state.get(name, MISSING), name) for name in ("_data", "_mask"))
    if data.dtype.kind not in _MASKED_KINDS[getattr(built.callable, "name", "")]:
        raise UnsoundError("_data is of a different type from the array")
    if mask.dtype != np.dtype(bool) or mask.shape != data.shape:
        raise UnsoundError("_mask does not have one place for each of the data")


@each
def sparse(built: ObjectToken) -> None:
    """A sparse array: as many values as its index names places."""
    state = attributes(built)
    if not state:
        return
    index = state.get("_sparse_index")
    if not isinstance(index, ObjectToken):
        raise UnsoundError("_sparse_index is not an index")
    if shape(state.get("_sparse_values", MISSING), "_sparse_values") != (_points(index),):
        raise UnsoundError("_sparse_values does not have one value for each place")


@each
def places(built: ObjectToken) -> None:
    """``IntIndex(length, indices)``, ``BlockIndex(length, starts, lengths)``."""
    _points(built)


@each
def intervals(built: ObjectToken) -> None:
    """An array of intervals: as many ends as beginnings."""
    if built.is_of("pandas._libs.interval", "__pyx_unpickle_IntervalMixin"):
        made = built.args[0] if built.args else None
        if not isinstance(made, Global) or made.name != "IntervalArray" or built.args[2]:
            raise UnsoundError("it is not made the way pandas makes it")
    state = attributes(built)
    if "_left" in state or "_right" in state:
        left, right = (length(state.get(name, MISSING), name) for name in ("_left", "_right"))
        if left != right:
            raise UnsoundError("_right does not have one end for each beginning")


def within(codes: NDArray, count: int, what: str) -> None:
    """Check that codes are places below ``count``, or -1 for none.

    Raises:
        UnsoundError: One of them is not.
    """
    if codes.dtype.kind not in "iu":
        raise UnsoundError(f"{what} has codes that are not whole numbers")
    if codes.size and not (int(codes.min()) >= -1 and int(codes.max()) < count):
        raise UnsoundError(f"{what} has a code without a category")


def _further(rest: Token) -> None:
    """Check the attributes that are set besides: a frequency, and what was computed before."""
    if type(rest) is not Mapping or not _OWN.isdisjoint(_texts(rest)):
        raise UnsoundError("its state sets attributes that pandas does not set")
    for key, value in zip(_texts(rest), rest.values, strict=True):
        if key != "_cache":
            continue
        if type(value) is not Mapping:
            raise UnsoundError("_cache is not a dict")
        for name, kept in zip(_texts(value), value.values, strict=True):
            if name == "_creso" and integer(kept, "_cache") not in _RESOLUTIONS:
                raise UnsoundError("_cache has a resolution that does not exist")


def _texts(mapping: Mapping) -> list[str | None]:
    return list(map(text_of, mapping.keys))


def _points(index: ObjectToken) -> int:
    """How many places an index names, which are each once in its length."""
    args = index.args
    if type(args) is not tuple:
        raise UnsoundError("it is not made the way pandas makes it")
    # pandas looks itself unless a further argument says that it should not.
    if index.is_of("pandas._libs.sparse", "IntIndex") and len(args) == 2:
        return len(array(args[1], "indices"))
    if index.is_of("pandas._libs.sparse", "BlockIndex") and len(args) == 3:
        size = integer(args[0], "length")
        starts, sizes = array(args[1], "blocs"), array(args[2], "blengths")
        if starts.ndim != 1 or starts.shape != sizes.shape:
            raise UnsoundError("blengths does not have one length for each block")
        if {starts.dtype.kind, sizes.dtype.kind} - {"i"}:
            raise UnsoundError("blocs or blengths has something that is not a whole number")
        ends = starts.astype("i8") + sizes
        if starts.size and not (
            (sizes > 0).all()
            and int(starts.min()) >= 0
            and (starts[1:] >= ends[:-1]).all()
            and int(ends.max()) <= size < 2**31
        ):
            raise UnsoundError("blocs and blengths are not consecutive blocks")
        return int(sizes.sum())
    raise UnsoundError("it is not made the way pandas makes it")
