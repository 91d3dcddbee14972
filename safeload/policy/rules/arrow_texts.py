"""The texts of a column of pandas that Apache Arrow keeps, read from the bytes in the file.

With pyarrow installed, pandas keeps the names of columns so. An array becomes the list of its
texts; where anything is not as pyarrow writes it for plain text, there is no list.

Trust: lengths, offsets and bytes are hostile.
Source: ``ArrowExtensionArray.__getstate__`` of pandas, ``array.pxi`` of pyarrow, and "Physical
memory layout" in the Arrow columnar format.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from safeload.scan.program import Blob, Global, Mapping, ObjectToken, Token, Use

__all__ = ["texts_of"]

_CLASSES = frozenset(["ArrowExtensionArray", "ArrowStringArray", "ArrowStringArrayNumpySemantics"])
_ATTRIBUTES = frozenset(["_dtype", "_pa_array"])
# The struct code of an offset, by the alias of the type.
_OFFSETS = {"string": "i", "str": "i", "utf8": "i", "large_string": "q", "large_utf8": "q"}
_PARTS = 7
_MAX_TEXTS = 100_000


def texts_of(column: Token) -> list[str] | None:
    """The texts in an arrow array of pandas.

    Args:
        column: Any token.

    Returns:
        The texts in order, or None if it is no such array, or not all of it is text.
    """
    if not isinstance(column, ObjectToken) or column.use is not Use.CONSTRUCT or column.args != ():
        return None
    target = column.callable
    if not isinstance(target, Global) or target.name not in _CLASSES:
        return None
    state = column.states[0] if len(column.states) == 1 else None
    if not isinstance(state, Mapping) or len(state.keys) != len(_ATTRIBUTES):
        return None
    attributes = {key: value for key, value in zip(state.keys, state.values, strict=True)
                  if type(key) is str}  # fmt: skip
    if attributes.keys() != _ATTRIBUTES:
        return None
    texts: list[str] = []
    for chunk in _chunks(attributes["_pa_array"]):
        read = _read(chunk)
        if read is None or len(texts) + len(read) > _MAX_TEXTS:
            return None
        texts += read
    return texts


def _chunks(array: Token) -> list[Token]:
    if isinstance(array, ObjectToken) and array.is_of("pyarrow.lib", "chunked_array"):
        args = array.args
        return list(args[0]) if type(args) is tuple and args and type(args[0]) is list else [None]
    return [array]


def _read(array: Token) -> list[str] | None:
    """The texts of ``_restore_array((type, length, nulls, offset, buffers, [], None))``."""
    if not (isinstance(array, ObjectToken) and array.is_of("pyarrow.lib", "_restore_array")):
        return None
    parts = array.args[0] if type(array.args) is tuple and len(array.args) == 1 else ()
    if type(parts) is not tuple or len(parts) != _PARTS:
        return None
    kind, length, nulls, first, buffers, children, dictionary = parts
    code = _code(kind)
    if code is None or children != [] or dictionary is not None or nulls not in (0, -1):
        return None
    if not all(type(number) is int and 0 <= number <= _MAX_TEXTS for number in (length, first)):
        return None
    if type(buffers) is not list or len(buffers) != 3 or buffers[0] is not None:
        return None
    offsets, text = _bytes(buffers[1]), _bytes(buffers[2])
    if offsets is None or text is None:
        return None
    try:
        bounds = struct.unpack_from(f"<{length + 1}{code}", offsets, first * struct.calcsize(code))
        if not all(0 <= start <= stop <= len(text) for start, stop in pairwise(bounds)):
            return None
        return [str(text[start:stop], "utf-8") for start, stop in pairwise(bounds)]
    except (struct.error, UnicodeDecodeError):
        return None


def _code(kind: Token) -> str | None:
    if not (isinstance(kind, ObjectToken) and kind.is_of("pyarrow.lib", "type_for_alias")):
        return None
    args = kind.args
    alias = args[0] if type(args) is tuple and len(args) == 1 and not kind.states else None
    return _OFFSETS.get(alias) if type(alias) is str else None


def _bytes(token: Token) -> memoryview | None:
    """The bytes of a buffer; none at all where there is no text."""
    if token is None:
        return memoryview(b"")
    if isinstance(token, ObjectToken) and token.is_of("pyarrow.lib", "py_buffer"):
        args = token.args
        if type(args) is tuple and len(args) == 1 and isinstance(args[0], Blob):
            return args[0].content
    return None
