"""Arrays of Apache Arrow, which keep the text columns of pandas where pyarrow is installed.

An array is restored from its type, its length and the bytes of its buffers. Arrow's kernels follow
the offsets of texts and the length without a look at where a buffer ends. Types are taken as long
as their buffers can be checked: numbers, times and texts, not lists, records or dictionaries.

Trust: lengths and buffers are hostile.
Source: pyarrow ``array.pxi`` (``_reduce_array_data``, ``_reconstruct_array_data``), and "Physical
memory layout" in the Arrow columnar format.
"""

from __future__ import annotations

import itertools

import numpy as np

from safeload.scan.bounds.allowance import look_at
from safeload.scan.program import Blob, ObjectToken, Token
from safeload.soundness.states import UnsoundError, each
from safeload.soundness.values import NDArray, integer

__all__ = ["arrays", "texts"]

_PARTS = 7
# Bits of one element, by the alias of its type.
_WIDTHS = {
    "bool": 1, "int8": 8, "int16": 16, "int32": 32, "int64": 64,
    "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64,
    "halffloat": 16, "float": 32, "double": 64, "float16": 16, "float32": 32, "float64": 64,
    "date32": 32, "date64": 64, "date32[day]": 32, "date64[ms]": 64,
    "time32[s]": 32, "time32[ms]": 32, "time64[us]": 64, "time64[ns]": 64,
    "timestamp[s]": 64, "timestamp[ms]": 64, "timestamp[us]": 64, "timestamp[ns]": 64,
    "duration[s]": 64, "duration[ms]": 64, "duration[us]": 64, "duration[ns]": 64,
}  # fmt: skip
# What the offsets of texts are made of.
_OFFSETS = {"string": "<i4", "binary": "<i4", "large_string": "<i8", "large_binary": "<i8"}
_ALIASES = {"str": "string", "utf8": "string", "large_utf8": "large_string"}


@each
def arrays(built: ObjectToken) -> None:
    """``_restore_array((type, length, null_count, offset, buffers, children, dictionary))``."""
    args = built.args
    parts = args[0] if type(args) is tuple and len(args) == 1 else None
    if type(parts) is not tuple or len(parts) != _PARTS:
        raise UnsoundError("it is not made from the parts of an array")
    kind, length, nulls, offset, buffers, children, dictionary = parts
    if children != [] or dictionary is not None:
        raise UnsoundError("children are not read")
    count = integer(length, "length")
    first = integer(offset, "offset")
    if not (0 <= count < 2**60 and 0 <= first < 2**60):
        raise UnsoundError("length or offset is out of range")
    _check(_alias(kind), first + count, integer(nulls, "null_count"), buffers)


def texts(token: Token) -> list[str]:
    """The texts of an array, or of one in chunks, none of which may be missing.

    Args:
        token: What stands for it.

    Returns:
        Exactly those that Arrow reads.

    Raises:
        UnsoundError: It is not an array of texts, or it is not sound.
    """
    if not isinstance(token, ObjectToken) or token.states or type(token.args) is not tuple:
        raise UnsoundError("it is not an array of arrow")
    if token.is_of("pyarrow.lib", "chunked_array") and token.args and type(token.args[0]) is list:
        return [text for chunk in token.args[0] for text in texts(chunk)]
    if not token.is_of("pyarrow.lib", "_restore_array"):
        raise UnsoundError("it is not an array of arrow")
    for _, reason in arrays([token]):
        raise UnsoundError(reason)
    kind, length, _, first, buffers = token.args[0][:5]
    if _alias(kind) not in ("string", "large_string") or buffers[0] is not None:
        raise UnsoundError("it is not an array of texts, or one may be missing")
    start = integer(first, "offset")
    stop = start + integer(length, "length")
    _, ends, data = map(_bytes, buffers)
    dtype = np.dtype(_OFFSETS[_alias(kind)])
    offsets = np.frombuffer(ends, dtype, len(ends) // dtype.itemsize)[start : stop + 1]
    try:
        return [str(data[one:two], "utf-8") for one, two in itertools.pairwise(offsets.tolist())]
    except UnicodeDecodeError as error:
        raise UnsoundError("it has a text that is not valid") from error


def _check(alias: str, stop: int, nulls: int, buffers: Token) -> None:
    """Check that buffers reach to the element before ``stop``."""
    width = _WIDTHS.get(alias)
    if type(buffers) is not list or len(buffers) != (2 if width is not None else 3):
        raise UnsoundError("buffers are not those of its type")
    valid, *data = (_bytes(buffer) for buffer in buffers)
    if not -1 <= nulls <= stop or (nulls > 0 and buffers[0] is None):
        raise UnsoundError("null_count is out of range")
    if buffers[0] is not None and len(valid) * 8 < stop:
        raise UnsoundError("buffers say of too few elements whether they are null")
    if width is not None:
        if len(data[0]) * 8 < stop * width:
            raise UnsoundError("buffers hold too few elements")
        return
    dtype = np.dtype(_OFFSETS[alias])
    whole = len(data[0]) // dtype.itemsize
    _texts(np.frombuffer(data[0], dtype, whole), stop, len(data[1]))


def _texts(offsets: NDArray, stop: int, size: int) -> None:
    if stop == 0:
        return
    if len(offsets) < stop + 1:
        raise UnsoundError("buffers hold too few offsets")
    used = offsets[: stop + 1]
    if used[0] < 0 or (used[1:] < used[:-1]).any() or used[-1] > size:
        raise UnsoundError("buffers have offsets that do not grow, or lead beyond the text")


def _alias(token: Token) -> str:
    """The type's name, for a time zone as for none."""
    if isinstance(token, ObjectToken) and type(token.args) is tuple and not token.states:
        if token.is_of("pyarrow.lib", "type_for_alias") and len(token.args) == 1:
            alias = token.args[0]
            alias = _ALIASES.get(alias, alias) if type(alias) is str else None
            if alias in _WIDTHS or alias in _OFFSETS:
                return str(alias)
        if token.is_of("pyarrow.lib", "timestamp") and len(token.args) == 2:
            return "timestamp[ns]"
    raise UnsoundError("its type is not one that is read")


def _bytes(token: Token) -> memoryview:
    if token is None:
        return memoryview(b"")
    if isinstance(token, ObjectToken) and token.is_of("pyarrow.lib", "py_buffer"):
        args = token.args
        if type(args) is tuple and len(args) == 1 and isinstance(args[0], Blob):
            look_at(args[0], args[0].size)
            return args[0].content
    raise UnsoundError("buffers are not made of bytes")
