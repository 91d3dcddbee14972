"""UBJSON: what do these bytes say, in the part of the format that xgboost writes?

A value is a marker and what it stands for. Lengths are always 64 bits wide (marker ``L``), arrays
of numbers carry one marker for all their elements and become arrays of numpy. Whatever else the
format knows is refused: a reader that took it could be read differently by another one.

Trust: the bytes are hostile. Any bytes give a value or an :class:`UBJSONError`, in time and memory
that grow with their number and no faster.
Source: ubjson.org, draft 12; xgboost ``src/common/json.cc`` (``UBJWriter``, ``UBJReader``).
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np

from safeload.scan.bounds.allowance import check_time

__all__ = ["UBJSONError", "parse"]

# Objects and arrays within each other; xgboost's own files have eight.
_MAX_DEPTH: Final = 32
# Values between two looks at the clock.
_VALUES_PER_LOOK: Final = 4096

_LENGTH: Final = struct.Struct(">q")
# Markers of numbers: how one is read, and the type of an array of them.
_NUMBERS: Final[dict[int, tuple[struct.Struct, np.dtype[Any]]]] = {
    ord("i"): (struct.Struct(">b"), np.dtype(">i1")),
    ord("U"): (struct.Struct(">B"), np.dtype(">u1")),
    ord("I"): (struct.Struct(">h"), np.dtype(">i2")),
    ord("l"): (struct.Struct(">i"), np.dtype(">i4")),
    ord("L"): (_LENGTH, np.dtype(">i8")),
    ord("d"): (struct.Struct(">f"), np.dtype(">f4")),
    ord("D"): (struct.Struct(">d"), np.dtype(">f8")),
}
_CONSTANTS: Final = {ord("Z"): None, ord("T"): True, ord("F"): False}
_OBJECT, _ARRAY, _TEXT, _END, _TYPED = b"{[S}$"
_COUNTED: Final = b"#L"


class UBJSONError(Exception):
    """These bytes are not UBJSON as xgboost writes it; the text says why."""


def parse(data: memoryview) -> Any:
    """Read one value, which takes all of the bytes.

    Args:
        data: The bytes.

    Returns:
        ``None``, a bool, int, float, str (one character for each byte), list or dict with such
        values, or a one-dimensional array of big-endian numbers, a view into ``data``.

    Raises:
        UBJSONError: The bytes are something else.
        OverLimitError: The file has had its time.
    """
    reader = _Reader(data)
    try:
        value = reader.value(0)
    except (struct.error, IndexError) as error:
        raise UBJSONError("it ends within a value") from error
    if reader.at != len(data):
        raise UBJSONError("something follows it")
    return value


class _Reader:
    """The bytes, and how far they were read."""

    def __init__(self, data: memoryview) -> None:
        self.at = 0
        self._data = data
        self._values = 0

    def value(self, depth: int) -> Any:
        """The value that begins here, ``depth`` objects and arrays deep."""
        self._values += 1
        if not self._values % _VALUES_PER_LOOK:
            check_time()
        marker = self._data[self.at]
        self.at += 1
        if marker == _TEXT:
            return self._text()
        number = _NUMBERS.get(marker)
        if number is not None:
            (value,) = number[0].unpack_from(self._data, self.at)
            self.at += number[0].size
            return value
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if depth == _MAX_DEPTH:
            raise UBJSONError("its values are nested too deeply")
        if marker == _OBJECT:
            return self._object(depth + 1)
        if marker == _ARRAY:
            return self._array(depth + 1)
        raise UBJSONError(f"marker {marker:#04x} is not one that xgboost writes")

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._data[self.at] != _END:
            key = self._text()
            if key in found:
                raise UBJSONError("an object has a key twice")
            found[key] = self.value(depth)
        self.at += 1
        return found

    def _array(self, depth: int) -> Any:
        kind = None
        if self._data[self.at] == _TYPED:
            kind = _NUMBERS.get(self._data[self.at + 1])
            if kind is None:
                raise UBJSONError("an array has elements of a type that xgboost does not write")
            self.at += 2
        if bytes(self._data[self.at : self.at + 2]) != _COUNTED:
            raise UBJSONError("an array does not say how long it is")
        self.at += 1
        size = self._length(1 if kind is None else kind[1].itemsize)
        if kind is None:
            return [self.value(depth) for _ in range(size)]
        numbers = np.frombuffer(self._data, kind[1], size, self.at)
        self.at += numbers.nbytes
        return numbers

    def _text(self) -> str:
        size = self._length(1)
        text = bytes(self._data[self.at : self.at + size]).decode("latin-1")
        self.at += size
        return text

    def _length(self, width: int) -> int:
        """How many elements follow, of so many bytes each at least."""
        if self._data[self.at] != _COUNTED[1]:
            raise UBJSONError("a length is none of 64 bits")
        (size,) = _LENGTH.unpack_from(self._data, self.at + 1)
        self.at += 1 + _LENGTH.size
        if not 0 <= size <= (len(self._data) - self.at) // width:
            raise UBJSONError("a length goes beyond the end")
        return int(size)
