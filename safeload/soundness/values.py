"""Tokens as values: the numbers and arrays that a stream would make.

Whatever is not in a form that a legitimate writer gives it is an :class:`UnsoundError`, because
what cannot be read cannot be checked. Arrays are views into the file's bytes.

Trust: tokens are hostile, but judged: dtypes are consistent and hold no objects, and arrays have as
many bytes as their shape says. Nothing here relies on it; numpy refuses what does not fit.
Source: numpy ``array_reduce``, ``array_reduce_ex_picklebuffer``, ``gentype_reduce``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.arrays.specs import dtype_of
from safeload.scan.bounds.allowance import look_at, look_into, spend
from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Global,
    ObjectToken,
    Program,
    Token,
)
from safeload.scan.texts import text_of
from safeload.soundness.states import UnsoundError

__all__ = [
    "NDArray",
    "Raw",
    "array",
    "integer",
    "is_array",
    "number",
    "objects",
    "raw",
    "shape_of",
]

NDArray = npt.NDArray[Any]

_CORES = frozenset(
    [
        "numpy._core.multiarray",
        "numpy._core.numeric",
        "numpy.core.multiarray",
        "numpy.core.numeric",
    ]
)
# Arrays of other classes answer otherwise when they are asked for a part or a shape.
_PLAIN_ARRAYS = frozenset(
    [("numpy", "ndarray"), ("numpy", "memmap"), ("numpy.core.memmap", "memmap")]
)
# What numpy and the reading of a forged token end in.
_MALFORMED_ARRAY = (
    AttributeError,
    DTypeError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    TypeError,
    ValueError,
)
# Dtypes by the identity of what they are made from, which is kept so that it stays the only one
# with that identity: a stream describes a type once and has hundreds of arrays of it.
_DTYPES: dict[int, tuple[Any, np.dtype[Any]]] = {}
_MOST_DTYPES = 64
_STRINGS = frozenset([str])
# Of an array; numpy's own bound.
_MOST_DIMENSIONS = 64


class Raw(NamedTuple):
    """An array as it lies in the file.

    Attributes:
        content: Its bytes, a view.
        dtype: Type of its elements.
        shape: Its shape, as the bytes are written.
        order: ``"C"`` or ``"F"``.
        axes: The order that its axes are brought into afterwards, or None.
    """

    content: memoryview
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    axes: tuple[int, ...] | None = None


def is_array(token: Token) -> bool:
    """Whether a token is in one of the forms of an array, of numbers or of objects."""
    return isinstance(token, Array) or (
        isinstance(token, ObjectToken) and _made_by(token) in ("_reconstruct", "_frombuffer")
    )


def array(token: Token, what: str) -> NDArray:
    """An array of numbers, dates, strings or records, but not of objects.

    Args:
        token: What stands for it.
        what: What it is, for the error.

    Returns:
        A view into the file's bytes wherever they are plain.

    Raises:
        UnsoundError: The token is no such array.
    """
    found = raw(token, what)
    try:
        if len(found.content) == 0:
            made = np.empty(found.shape, found.dtype, order=found.order)
        else:
            made = np.ndarray(found.shape, found.dtype, found.content, order=found.order)
        return made if found.axes is None else made.transpose(found.axes)
    except _MALFORMED_ARRAY as error:
        raise UnsoundError(f"{what} is not an array that numpy writes") from error


def raw(token: Token, what: str) -> Raw:
    """The same as :func:`array`, before an array is made of it; for who has very many.

    Args:
        token: What stands for it.
        what: What it is, for the error.

    Returns:
        Bytes, type and shape. Nothing says yet that they fit each other.

    Raises:
        UnsoundError: The token is no such array.
    """
    try:
        if type(token) is Array and type(token.span) is ArraySpan:
            offset, nbytes, spec, shape, order = token.span[:5]
            look_at(token, nbytes)
            content = memoryview(token.source)[offset : offset + nbytes]
            return Raw(content, _dtype(spec), shape, "F" if order == "F" else "C")
        if isinstance(token, ObjectToken):
            made = _made_by(token)
            if made == "_reconstruct" and len(token.states) == 1 and _is_plain(token.args[0]):
                _, shape, dtype, fortran, data = token.states[0]
                return _blob(data, dtype, shape, "F" if fortran else "C")
            if made == "_frombuffer" and not token.states:
                return _from_buffer(*token.args)
    except _MALFORMED_ARRAY as error:
        raise UnsoundError(f"{what} is not an array that numpy writes") from error
    raise UnsoundError(f"{what} is not an array of numbers")


def shape_of(token: Token, what: str) -> tuple[int, ...]:
    """The shape of an array of numbers, for who needs no more of it.

    Args:
        token: What stands for it.
        what: What it is, for the error.

    Raises:
        UnsoundError: The token is no such array.
    """
    if type(token) is Array and type(token.span) is ArraySpan:
        return token.span.shape
    if type(token) is ObjectToken and type(token.args) is tuple:
        made = _made_by(token)
        if made == "_frombuffer" and len(token.args) == 4 and not token.states:
            return _lengths(token.args[2])
        if made == "_reconstruct" and len(token.states) == 1 and _is_plain(token.args[0]):
            state = token.states[0]
            if type(state) is tuple and len(state) == 5 and type(state[4]) is Blob:
                return _lengths(state[1])
    return array(token, what).shape


def objects(token: Token, what: str) -> NDArray:
    """An array of objects, as an array of their tokens.

    Args:
        token: What stands for it: an array, or the nested lists that skops writes.
        what: What it is, for the error.

    Raises:
        UnsoundError: The token is no such array.
    """
    if isinstance(token, Array) and isinstance(token.span, Program):
        token = token.span.root
    shape: Any
    if type(token) is list:
        shape, items = _nested(token)
    elif (
        isinstance(token, ObjectToken)
        and _made_by(token) == "_reconstruct"
        and len(token.states) == 1
        and type(token.states[0]) is tuple
        and len(token.states[0]) == 5
    ):
        # The list is in the order of rows, whatever the layout.
        _, shape, _, _, items = token.states[0]
    else:
        raise UnsoundError(f"{what} is not an array of objects")
    if type(items) is not list:
        raise UnsoundError(f"{what} is not an array of objects")
    look_into(items, len(items))
    # One by one: numpy would look into items that are lists.
    flat = np.fromiter(items, object, len(items))
    try:
        return flat.reshape(shape)
    except _MALFORMED_ARRAY as error:
        raise UnsoundError(f"{what} does not have as many objects as its shape says") from error


def integer(token: Token, what: str) -> int:
    """A whole number: Python's or numpy's.

    Raises:
        UnsoundError: The token is none.
    """
    if type(token) is int:
        return token
    value = scalar(token)
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    raise UnsoundError(f"{what} is not a whole number")


def integers(tokens: Sequence[Token], what: str) -> NDArray:
    """Whole numbers, of 64 bits with a sign; for who has very many.

    Raises:
        UnsoundError: One of the tokens is none, or larger.
    """
    kinds = set(map(type, tokens))
    try:
        if kinds <= {int}:
            return np.array(tokens, np.int64)
        if kinds == {ObjectToken}:
            found = _alike(tokens)
            if found is not None:
                return found.astype(np.int64)
        return np.array([integer(token, what) for token in tokens], np.int64)
    except OverflowError as error:
        raise UnsoundError(f"{what} has a number that is out of range") from error


def _alike(tokens: Sequence[ObjectToken]) -> NDArray | None:
    """Numbers of numpy's that are all made in the same way, or None."""
    first = tokens[0]
    if _made_by(first) != "scalar" or len(first.args) != 2:
        return None
    target, dtype = first.callable, first.args[0]
    blobs = []
    for token in tokens:
        args = token.args
        if token.callable is not target or token.states or len(args) != 2 or args[0] is not dtype:
            return None
        blobs.append(args[1])
    if not all(type(blob) is Blob for blob in blobs):
        return None
    try:
        kind = _dtype(describe(dtype).spec)
    except _MALFORMED_ARRAY:
        return None
    content = b"".join([blob.head for blob in blobs])
    if kind.kind not in "iu" or {blob.size for blob in blobs} != {kind.itemsize}:
        return None
    return np.frombuffer(content, kind)


def number(token: Token, what: str) -> float:
    """A number: Python's or numpy's.

    Raises:
        UnsoundError: The token is none.
    """
    value = scalar(token)
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    raise UnsoundError(f"{what} is not a number")


def scalar(token: Token) -> Any:
    """A scalar of numpy's as what it is, any other token as itself; None for an object.

    Numbers, texts, dates: whatever ``numpy.ndarray`` gives back for the bytes.
    """
    if not isinstance(token, ObjectToken):
        return token
    text = text_of(token)
    if text is not None:
        return text
    target = token.callable
    try:
        if _made_by(token) == "scalar" and len(token.args) == 2 and not token.states:
            return _number(_blob(token.args[1], token.args[0], (), "C"))
        if isinstance(target, Global) and target.module == "numpy" and len(token.args) == 1:
            # As skops writes it: the type, called with an array of no dimensions.
            found = raw(token.args[0], "a scalar")
            # Another type would make another number of it.
            same = _is_type(found.dtype.newbyteorder("="), target.name)
            return _number(found) if same else None
    except (*_MALFORMED_ARRAY, UnsoundError):
        return None
    return None


def _number(found: Raw) -> Any:
    return np.ndarray((), found.dtype, found.content)[()] if found.shape == () else None


def _is_type(dtype: np.dtype[Any], name: str) -> bool:
    kind = getattr(np, name, None)
    return isinstance(kind, type) and issubclass(kind, np.number) and dtype == np.dtype(kind)


def _made_by(built: ObjectToken) -> str:
    target = built.callable
    return target.name if type(target) is Global and target.module in _CORES else ""


def _is_plain(target: Token) -> bool:
    return type(target) is Global and (target.module, target.name) in _PLAIN_ARRAYS


def _dtype(spec: Any) -> np.dtype[Any]:
    known = _DTYPES.get(id(spec))
    if known is not None and known[0] is spec:
        return known[1]
    if len(_DTYPES) >= _MOST_DTYPES:
        _DTYPES.clear()
    made = dtype_of(spec)
    _DTYPES[id(spec)] = spec, made
    return made


def _blob(data: Token, dtype: Token, shape: Token, order: Literal["C", "F"]) -> Raw:
    described = describe(dtype)
    if described.hasobject or not isinstance(data, Blob):
        raise ValueError
    look_at(data, data.size)
    return Raw(data.content, _dtype(described.spec), _lengths(shape), order)


def _lengths(shape: Token) -> tuple[Token, ...]:
    if type(shape) is tuple and len(shape) > _MOST_DIMENSIONS:
        raise ValueError
    return shape if type(shape) is tuple else (shape,)


def _from_buffer(data: Token, dtype: Token, shape: Token, order: str, axes: Token = None) -> Raw:
    """``_frombuffer(buffer, dtype, shape, order, axis_order)`` of protocol 5."""
    found = _blob(data, dtype, shape, "F" if order == "F" else "C")
    return found if axes is None or order != "K" else found._replace(axes=axes)


def _nested(items: list[Token]) -> tuple[tuple[int, ...], list[Token]]:
    """Shape and items of nested lists whose levels are of one length each."""
    shape, level = [len(items)], items
    while level and all(type(item) is list for item in level):
        lengths = {len(item) for item in level}
        if len(lengths) > 1:
            break
        shape.append(lengths.pop())
        # Shared lists are written out here.
        spend(len(level) * shape[-1], "Nested lists are too many to look at.")
        level = [inner for item in level for inner in item]
    return tuple(shape), level
