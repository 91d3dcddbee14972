"""Tokens as values: the numbers, arrays and attributes that a stream would make.

Whatever is not in a form that an honest writer gives it is an :class:`UnsoundError`, because what
cannot be read cannot be checked. Arrays are views into the file's bytes.

Trust: tokens are hostile, but judged: dtypes are consistent and hold no objects, and arrays have as
many bytes as their shape says. Nothing here relies on it; numpy refuses what does not fit.
Source: numpy ``array_reduce``, ``array_reduce_ex_picklebuffer``, ``gentype_reduce``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from safeload.scan.dtypes import DTypeError, describe
from safeload.scan.program import Array, ArraySpan, Blob, Built, Mapping, Program, Token

__all__ = [
    "MISSING",
    "Attributes",
    "NDArray",
    "UnsoundError",
    "array",
    "attributes",
    "each",
    "integer",
    "is_array",
    "number",
    "objects",
]

NDArray = npt.NDArray[Any]
Attributes = dict[str, Token]

# Stands for an attribute that is not there, where None may be one that is.
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()

_CORES = ("numpy._core.multiarray", "numpy.core.multiarray")
_NUMERIC = ("numpy._core.numeric", "numpy.core.numeric")


class UnsoundError(Exception):
    """Native code must not be handed this state; the text says why, attribute first."""


def each(
    check: Callable[[Built], None],
) -> Callable[[Sequence[Built]], Iterator[tuple[Built, str]]]:
    """Make a check of all objects of a kind from the check of one, which raises UnsoundError."""

    @wraps(check)
    def check_all(builts: Sequence[Built]) -> Iterator[tuple[Built, str]]:
        for built in builts:
            try:
                check(built)
            except UnsoundError as error:
                yield built, str(error)

    return check_all


def attributes(built: Built) -> Attributes:
    """The attributes that an object's state sets, by name.

    Args:
        built: An object whose state is a dict, or a pair of dicts (the second for slots).

    Returns:
        The attributes; empty without a state.

    Raises:
        UnsoundError: The state has another form, or sets an attribute twice: it would be a matter
            of order which of the two is there when it counts.
    """
    found: Attributes = {}
    for state in built.states:
        parts = state if type(state) is tuple else (state,)
        for part in parts:
            if part is None:
                continue
            if not isinstance(part, Mapping):
                raise UnsoundError("its state is no dict")
            pairs = part.pairs
            before = len(found)
            found.update(zip(pairs[::2], pairs[1::2], strict=True))
            if len(found) - before != len(pairs) // 2:
                raise UnsoundError("an attribute is set twice")
    return found


def is_array(token: Token) -> bool:
    """Whether a token is in one of the forms of an array, of numbers or of objects."""
    return isinstance(token, Array) or (
        isinstance(token, Built) and _made_by(token) in ("_reconstruct", "_frombuffer")
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
    try:
        if isinstance(token, Array) and isinstance(token.span, ArraySpan):
            return _spanned(token.span, token.source)
        if isinstance(token, Built):
            made = _made_by(token)
            if made == "_reconstruct" and len(token.states) == 1:
                _, shape, dtype, fortran, data = token.states[0][:5]
                return _shaped(data, dtype, shape, "F" if fortran else "C")
            if made == "_frombuffer" and not token.states:
                return _from_buffer(*token.args)
    except (ValueError, TypeError, IndexError, OverflowError, DTypeError) as error:
        raise UnsoundError(f"{what} is no array that numpy writes") from error
    raise UnsoundError(f"{what} is no array of numbers")


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
    elif isinstance(token, Built) and _made_by(token) == "_reconstruct" and len(token.states) == 1:
        # The list is in the order of rows, whatever the layout.
        shape, items = token.states[0][1], token.states[0][4]
    else:
        raise UnsoundError(f"{what} is no array of objects")
    if type(items) is not list:
        raise UnsoundError(f"{what} is no array of objects")
    flat = np.empty(len(items), object)
    flat[:] = items
    try:
        return flat.reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnsoundError(f"{what} has not as many objects as its shape says") from error


def integer(token: Token, what: str) -> int:
    """A whole number: Python's or numpy's.

    Raises:
        UnsoundError: The token is none.
    """
    value = _scalar(token)
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    raise UnsoundError(f"{what} is no whole number")


def number(token: Token, what: str) -> float:
    """A number: Python's or numpy's.

    Raises:
        UnsoundError: The token is none.
    """
    value = _scalar(token)
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    raise UnsoundError(f"{what} is no number")


def _scalar(token: Token) -> Any:
    if not isinstance(token, Built):
        return token
    try:
        if _made_by(token) == "scalar" and len(token.args) == 2 and not token.states:
            return _shaped(token.args[1], token.args[0], (), "C")[()]
        if getattr(token.callable, "module", None) == "numpy" and len(token.args) == 1:
            # As skops writes it: the type, called with an array of no dimensions.
            return array(token.args[0], "a scalar")[()]
    except (ValueError, TypeError, IndexError, DTypeError, UnsoundError):
        return None
    return None


def _made_by(built: Built) -> str:
    target = built.callable
    module = getattr(target, "module", None)
    if module in _CORES or module in _NUMERIC:
        name: str = target.name
        return name
    return ""


def _spanned(span: ArraySpan, source: Any) -> NDArray:
    dtype = np.dtype(span.dtype)
    order: Literal["C", "F"] = "F" if span.order == "F" else "C"
    if span.nbytes == 0:
        return np.empty(span.shape, dtype, order=order)
    return np.ndarray(span.shape, dtype, source, span.offset, order=order)


def _shaped(data: Token, dtype: Token, shape: Token, order: Literal["C", "F"]) -> NDArray:
    described = describe(dtype)
    if described.hasobject or not isinstance(data, Blob):
        raise ValueError
    if data.size == 0:
        return np.empty(shape, np.dtype(described.spec), order=order)
    return np.ndarray(shape, np.dtype(described.spec), data.content, order=order)


def _from_buffer(
    data: Token, dtype: Token, shape: Token, order: str, axes: Token = None
) -> NDArray:
    """``_frombuffer(buffer, dtype, shape, order, axis_order)`` of protocol 5."""
    if order == "K" and axes is not None:
        return _shaped(data, dtype, shape, "C").transpose(axes)
    return _shaped(data, dtype, shape, "F" if order == "F" else "C")


def _nested(items: list[Token]) -> tuple[tuple[int, ...], list[Token]]:
    """Shape and items of nested lists whose levels are of one length each."""
    shape, level = [len(items)], items
    while level and all(type(item) is list for item in level):
        lengths = {len(item) for item in level}
        if len(lengths) > 1:
            break
        shape.append(lengths.pop())
        level = [inner for item in level for inner in item]
    return tuple(shape), level
