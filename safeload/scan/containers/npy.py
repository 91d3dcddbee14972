"""Arrays in numpy's ``.npy`` form: a header becomes dtype, shape and the range of the raw bytes.

The header is a Python literal. Those are read that numpy itself writes, or others may in its form:
one dict with ``descr``, ``fortran_order`` and ``shape``, texts as Python shows them, no operators.
What numpy refuses is refused. The raw bytes must be exactly as many as dtype and shape call for.

Trust: the bytes are hostile; the result describes them and holds no objects.
Source: numpy ``numpy/lib/_format_impl.py``, format versions 1.0 to 3.0.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from safeload.limits import Limits

__all__ = ["MAGIC", "Npy", "NpyError", "read_npy", "read_npy_at"]

MAGIC = b"\x93NUMPY"
# Version to the width of the header's length, and to the header's encoding.
_VERSIONS = {(1, 0): (2, "latin1"), (2, 0): (4, "latin1"), (3, 0): (4, "utf-8")}
# Characters; numpy.load refuses longer ones.
_HEADER_SIZE = 10_000
# Bytes of a header that is kept with what it says.
_SHORT = 128
# A text with the escapes that Python shows, a whole number (with an L as Python 2 wrote it), a
# constant or a bracket, with the spaces behind it.
_ESCAPE = r"\\(?:[\\'\"abfnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_TOKEN = re.compile(
    rf"(?:'(?P<text>(?:[^'\\\n\r\0]|{_ESCAPE})*+)'|\"(?P<quoted>(?:[^\"\\\n\r\0]|{_ESCAPE})*+)\"|"
    r"(?P<number>0|[1-9][0-9]{0,18}+)(?P<long>L?)(?![0-9A-Za-z_])|"
    r"(?P<constant>True|False)(?![0-9A-Za-z_])|(?P<mark>[()\[\]{},:])) *+"
)
_ESCAPES = re.compile(_ESCAPE)
_LETTERS = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))
_CONSTANTS = {"True": True, "False": False}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_TYPE = re.compile(
    r"[<>|=]?(?:(?P<sized>[SUV])(?P<length>0|[1-9][0-9]{0,9})"
    r"|(?P<time>[Mm]8)(?:\[[0-9]{0,9}(?:generic|Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?"
    r"|(?:b(?=1$)|[iu](?=[1248]$)|f(?=(?:2|4|8|12|16)$)|c(?=(?:8|16|24|32)$))(?P<size>[0-9]+))"
)
_OBJECT = re.compile(r"[<>|=]?O[48]?")
_ITEMSIZE = 2**31 - 1
_RECORD_DEPTH = 16
# Brackets within brackets: a list and a tuple for each record, the dict, and a shape.
_LITERAL_DEPTH = 2 * (_RECORD_DEPTH + 2)


class NpyError(ValueError):
    """The bytes are not an array that numpy would write; the text says why."""


class _ObjectsError(NpyError):
    """The elements are objects."""


@dataclass(frozen=True, slots=True)
class Npy:
    """An array in ``.npy`` form.

    Attributes:
        dtype: What ``numpy.dtype`` takes: a type string such as ``"<f8"``, or for records a dict of
            names, formats, offsets and itemsize; None if elements are objects, or hold some.
        shape: Shape of the array.
        order: ``"C"`` or ``"F"``.
        offset: First raw byte, or the first of the pickle that holds the objects.
        nbytes: Number of raw bytes; 0 for objects.
    """

    dtype: Any
    shape: tuple[int, ...]
    order: str
    offset: int
    nbytes: int


def read_npy(data: memoryview, limits: Limits) -> Npy:
    """Read the header of an array and check that its bytes are all there and nothing else is.

    Args:
        data: The whole member.
        limits: ``array_dimensions`` bounds the shape.

    Returns:
        What the header says.

    Raises:
        NpyError: It is not an array in numpy's own form, or one of objects.
    """
    npy = read_npy_at(data, 0, limits)
    if npy.dtype is None:
        raise NpyError("an array's elements are objects, or of an unknown type")
    if len(data) != npy.offset + npy.nbytes:
        raise NpyError("an array does not have the number of bytes that its header says")
    return npy


def read_npy_at(data: memoryview, position: int, limits: Limits) -> Npy:
    """Read the header of an array that something may follow.

    Args:
        data: Bytes.
        position: Where it begins.
        limits: ``array_dimensions`` bounds the shape.

    Returns:
        What the header says; how many bytes there are is not compared.

    Raises:
        NpyError: It is not in numpy's own form.
    """
    version = tuple(data[position + 6 : position + 8])
    if data[position : position + 6] != MAGIC or version not in _VERSIONS:
        raise NpyError("the member is not an array in numpy's form")
    width, encoding = _VERSIONS[version]
    start = position + 8 + width
    size = int.from_bytes(data[position + 8 : start], "little")
    # A character has four bytes at most.
    if size > 4 * _HEADER_SIZE or len(data) < start + size:
        raise NpyError("an array's header has no end, or is longer than numpy reads")
    header = _header(bytes(data[start : start + size]), encoding)
    shape, fortran = header["shape"], header["fortran_order"]
    if type(fortran) is not bool or not _is_shape(shape, limits):
        raise NpyError("an array's shape or order is not valid")
    if type(header["descr"]) is tuple:
        # numpy would make further dimensions of the subarrays, which the header does not have.
        raise NpyError("an array's dtype is that of subarrays")
    order = "F" if fortran else "C"
    try:
        dtype, itemsize = _describe(header["descr"], 0)
    except _ObjectsError:
        return Npy(None, shape, order, start + size, 0)
    count = 1
    for length in shape:
        count *= length
    if count and not itemsize:
        # numpy would make any number of them out of nothing.
        raise NpyError("an array has elements without size")
    return Npy(dtype, shape, order, start + size, count * itemsize)


def _header(header: bytes, encoding: str) -> dict[str, Any]:
    # The arrays of models have few different headers, each of which is read once.
    return _short(header, encoding) if len(header) <= _SHORT else _literal(header, encoding)


def _literal(header: bytes, encoding: str) -> dict[str, Any]:
    try:
        text = header.decode(encoding)
    except UnicodeDecodeError as error:
        raise NpyError("an array's header is not in its encoding") from error
    if len(text) > _HEADER_SIZE:
        raise NpyError("an array's header is longer than numpy reads")
    value = _Literal(text, python2=encoding == "latin1").read()
    if type(value) is not dict or value.keys() != {"descr", "fortran_order", "shape"}:
        raise NpyError("an array's header is not the dict numpy writes")
    return value


_short = lru_cache(maxsize=1_024)(_literal)


class _Literal:
    """Reads the literals that numpy writes, each as Python would.

    Args:
        text: The literal.
        python2: Whether whole numbers may have an L behind them, which numpy takes away then.

    Python's own reader is not asked: it reads far more, some of it for long or with warnings, and
    in releases before 3.11.8 and 3.12.2 fails at times when several threads use it.
    """

    def __init__(self, text: str, *, python2: bool = True) -> None:
        self._text = text.removesuffix("\n")
        self._python2 = python2
        self._position = 0
        self._depth = 0

    def read(self) -> Any:
        """The value of the whole text."""
        value = self._value(*self._token())
        if self._position != len(self._text):
            raise NpyError("something follows an array's header")
        return value

    def _token(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._position)
        if found is None or (found["long"] and not self._python2):
            raise NpyError("an array's header is not the literal numpy writes")
        self._position = found.end()
        if found["number"] is not None:
            return "number", found["number"]
        kind = str(found.lastgroup)
        written = found[kind]
        if kind in ("text", "quoted"):
            return "text", _ESCAPES.sub(_unescaped, written) if "\\" in written else written
        return kind, written

    def _value(self, kind: str, written: str) -> Any:
        if kind == "text":
            return written
        if kind == "number":
            return int(written)
        if kind == "constant":
            return _CONSTANTS[written]
        if written not in _CLOSING:
            raise NpyError("an array's header is not the literal numpy writes")
        self._depth += 1
        if self._depth > _LITERAL_DEPTH:
            raise NpyError("an array's header is nested too deeply")
        items, comma = self._items(written)
        self._depth -= 1
        if written == "{":
            if len({key for key, _ in items}) != len(items):
                raise NpyError("an array's header says something twice")
            return dict(items)
        if written == "[":
            return items
        return items[0] if len(items) == 1 and not comma else tuple(items)

    def _items(self, opening: str) -> tuple[list[Any], bool]:
        """What stands in a pair of brackets, and whether a comma stands before the second."""
        closing = _CLOSING[opening]
        items: list[Any] = []
        while True:
            kind, written = self._token()
            if (kind, written) == ("mark", closing):
                return items, bool(items)
            items.append(
                self._pair(kind, written) if opening == "{" else self._value(kind, written)
            )
            kind, written = self._token()
            if (kind, written) == ("mark", closing):
                return items, False
            if (kind, written) != ("mark", ","):
                raise NpyError("an array's header is not the literal numpy writes")

    def _pair(self, kind: str, written: str) -> tuple[str, Any]:
        if kind != "text" or self._token() != ("mark", ":"):
            raise NpyError("a key in an array's header is not valid")
        return written, self._value(*self._token())


def _unescaped(found: re.Match[str]) -> str:
    letter, digits = found[0][1], found[0][2:]
    if not digits:
        return _LETTERS[letter]
    code = int(digits, 16)
    if code > sys.maxunicode or 0xD800 <= code < 0xE000:
        raise NpyError("a text in an array's header has no such character")
    return chr(code)


def _is_shape(shape: Any, limits: Limits) -> bool:
    return (
        type(shape) is tuple
        and len(shape) <= limits.array_dimensions
        and all(type(length) is int and 0 <= length < 2**63 for length in shape)
    )


def _describe(descr: Any, depth: int) -> tuple[Any, int]:
    """What ``numpy.dtype`` takes, and the size of an element in bytes."""
    if depth > _RECORD_DEPTH:
        raise NpyError("records are nested too deeply")
    if type(descr) is str:
        return descr, _simple_size(descr)
    if type(descr) is tuple and len(descr) == 2:
        return _subarray(descr[0], descr[1], depth)
    if type(descr) is not list:
        raise NpyError("an array's dtype does not have the form that numpy writes")
    names, formats, titles, offsets, offset = [], [], [], [], 0
    for field in descr:
        title, name = _named(field)
        if len(field) == 2:
            spec, size = _describe(field[1], depth + 1)
        else:
            spec, size = _subarray(field[1], field[2], depth)
        # A nameless field of raw bytes is padding.
        if field[0] != "" or not _is_raw(spec):
            names.append(name)
            titles.append(title)
            formats.append(spec)
            offsets.append(offset)
        offset += size
        if offset > _ITEMSIZE:
            raise NpyError("a dtype is larger than numpy allows")
    titled = [title for title in titles if title is not None]
    called = [*names, *titled]
    if len(set(called)) != len(called):
        raise NpyError("a record has two fields of one name")
    spec = {"names": names, "formats": formats, "offsets": offsets, "itemsize": offset}
    return {**spec, "titles": titles} if titled else spec, offset


def _named(field: Any) -> tuple[str | None, str]:
    """The title and the name of a field."""
    if type(field) is tuple and len(field) in (2, 3):
        title, name = None, field[0]
        if type(name) is tuple and len(name) == 2 and type(name[0]) is str:
            title, name = name
        if type(name) is str:
            return title, name
    raise NpyError("a record's field is not a name and a dtype")


def _is_raw(spec: Any) -> bool:
    """Whether a dtype is raw bytes, or several of such."""
    while type(spec) is tuple:
        spec = spec[0]
    return type(spec) is str and "V" in spec


def _simple_size(descr: str) -> int:
    match = _TYPE.fullmatch(descr)
    if match is None and _OBJECT.fullmatch(descr):
        raise _ObjectsError("an array's elements are objects, or of an unknown type")
    if match is None:
        raise NpyError("an array's elements are objects, or of an unknown type")
    if match["size"] or match["time"]:
        return int(match["size"] or 8)
    size = int(match["length"]) * (4 if match["sized"] == "U" else 1)
    if size > _ITEMSIZE:
        raise NpyError("a dtype is larger than numpy allows")
    return size


def _subarray(descr: Any, shape: Any, depth: int) -> tuple[Any, int]:
    spec, size = _describe(descr, depth + 1)
    if type(shape) is int:
        shape = (shape,)
    if type(shape) is not tuple or len(shape) > 32:
        raise NpyError("a field's shape is not valid")
    for length in shape:
        if type(length) is not int or length < 0:
            raise NpyError("a field's shape is not valid")
        size *= length
    if size > _ITEMSIZE:
        raise NpyError("a dtype is larger than numpy allows")
    return (spec, shape), size
