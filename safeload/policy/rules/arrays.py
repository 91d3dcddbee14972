"""Argument rules of what numpy rebuilds types, arrays and scalars with.

The same contract as :mod:`safeload.policy.rules`.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of ``numpy.dtype``, ``numpy.ndarray`` and numpy's scalars.
"""

from __future__ import annotations

from safeload.policy.rules.rule import Rule
from safeload.scan.arrays.dtypes import DType, DTypeError, describe
from safeload.scan.bounds.allowance import claim
from safeload.scan.program import Array, Blob, Global, ObjectToken, Token

__all__ = ["ARRAY_RULES"]


def _numpy_dtype(built: ObjectToken) -> str | None:
    """A dtype whose state is what numpy writes for that type; a forged one makes pointers."""
    try:
        describe(built)
    except DTypeError as error:
        return str(error)
    return None


def _numpy_reconstruct(built: ObjectToken) -> str | None:
    """An empty array, with a state of as many bytes or objects as its shape says.

    ``_reconstruct(subtype, (0,), b"b")`` with state ``(1, shape, dtype, fortran, data)``.
    """
    args = built.args
    if len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstruct is not given a type, a shape and a code"
    if args[1] not in ((0,), 0) or _short(args[2]) not in ("b", "B"):
        return "_reconstruct is not called the way numpy calls it"
    for state in built.states:
        if type(state) is not tuple or len(state) < 5 or type(state[0]) is not int:
            return "the state of an array does not have the form that numpy writes"
        _, shape, dtype, fortran, data = state[:5]
        if fortran not in (True, False):
            return "the state of an array does not have the form that numpy writes"
        reason = _array_data(shape, _described(dtype), data)
        if reason:
            return reason
    return None


def _array_data(shape: Token, described: DType | str, data: Token) -> str | None:
    count = _count(shape)
    if isinstance(described, str):
        return described
    if count is None:
        return "an array's shape is not valid"
    if described.hasobject:
        if type(data) is list and len(data) == count:
            return None
        return "an object array is not given as many objects as it has elements"
    if not count:
        claim(max(shape) if type(shape) is tuple and shape else 0)
    if count and not described.itemsize:
        # numpy would make any number of them out of nothing.
        return "an array has elements without size"
    if not isinstance(data, Blob) or data.size != count * described.itemsize:
        return "an array does not have the number of bytes that its shape says"
    return None


def _numpy_frombuffer(built: ObjectToken) -> str | None:
    """As many bytes as shape and dtype say, as protocol 5 writes arrays; never objects.

    ``_frombuffer(buffer, dtype, shape, order)`` of protocol 5.
    """
    args = built.args
    if len(args) not in (4, 5) or args[3] not in ("C", "F", "K"):
        return "_frombuffer is not called the way numpy calls it"
    if built.states:
        return "an array made from a buffer is given a state"
    described = _described(args[1])
    if isinstance(described, DType) and described.hasobject:
        return "an object array is made from raw bytes"
    if len(args) == 5 and not _is_permutation(args[4], args[2]):
        return "_frombuffer is not called the way numpy calls it"
    return _array_data(args[2], described, args[0])


def _is_permutation(axes: Token, shape: Token) -> bool:
    if axes is None:
        return True
    if type(axes) is not tuple or type(shape) is not tuple or len(axes) != len(shape):
        return False
    return all(type(axis) is int for axis in axes) and sorted(axes) == list(range(len(axes)))


def _numpy_scalar(built: ObjectToken) -> str | None:
    """As many bytes as the dtype has; never an object.

    ``scalar(dtype, data)``, or ``scalar(dtype)``.
    """
    args = built.args
    if not args or len(args) > 2 or built.states:
        return "a numpy scalar is not made the way numpy makes it"
    described = _described(args[0])
    if isinstance(described, str):
        return described
    if described.hasobject:
        return "a numpy scalar claims to hold an object"
    if len(args) == 1:
        # numpy makes one of zeros.
        return None if described.itemsize <= _ZEROS else "a numpy scalar has no bytes"
    if isinstance(args[1], Blob) and args[1].size == described.itemsize:
        return None
    return "a numpy scalar does not have the number of bytes that its dtype says"


def _described(token: Token) -> DType | str:
    try:
        return describe(token)
    except DTypeError as error:
        return str(error)


def _count(shape: Token) -> int | None:
    lengths = (shape,) if type(shape) is int else shape
    if type(lengths) is not tuple or len(lengths) > 64:
        return None
    count = 1
    for length in lengths:
        if type(length) is not int or not 0 <= length < 2**63:
            return None
        count *= length
    return count


def _short(token: Token) -> str | None:
    if type(token) is str:
        return token
    if isinstance(token, Blob) and token.size == len(token.head):
        return token.head.decode("latin-1")
    return None


# Bytes of a scalar that is given none.
_ZEROS = 1_024
_NUMBERS = frozenset([type(None), bool, float, int])


def _native_arguments(built: ObjectToken) -> str | None:
    """Numbers, arrays, and objects of their own; a check of native state says how large they are.

    For classes in compiled code, such as ``Tree(n_features, n_classes, n_outputs)``.
    """
    if built.kwargs is None and all(map(_is_native, built.args)):
        return None
    return "it is made from something other than numbers and arrays"


def _is_native(token: Token) -> bool:
    return type(token) in _NUMBERS or isinstance(token, Array | ObjectToken)


ARRAY_RULES: dict[str, Rule] = {
    "native_arguments": _native_arguments,
    "numpy_dtype": _numpy_dtype,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_frombuffer": _numpy_frombuffer,
    "numpy_scalar": _numpy_scalar,
}
