"""Pickles assembled from opcodes: no live object is made, so that any attack can be written down.

Each opcode is a method of :class:`Pickle` with the name that ``pickletools`` gives it (a trailing
underscore where Python has the word for itself), and each returns the builder::

    bytes(Pickle(4).global_("posix", "system").unicode("id").tuple1().reduce().stop())

Above the opcodes, :meth:`Pickle.save` writes plain values as CPython's pickler writes them, memo
included, and :meth:`Pickle.array` an array as joblib 1.6 writes it. Every part of what these write
can be replaced, which is how forgeries are made.

Source: CPython ``Lib/pickle.py`` and ``Lib/pickletools.py``, joblib ``numpy_pickle.py``, numpy
``arraydescr_reduce``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["ALIGNMENT", "Name", "Pickle", "Value"]

# What joblib aligns array bytes to; its NUMPY_ARRAY_ALIGNMENT_BYTES.
ALIGNMENT = 16

# CPython's pickler puts no frame around fewer bytes.
_SMALLEST_FRAME = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A global: the attribute ``name`` (dots allowed) of the module ``module``."""

    module: str
    name: str


# What ``save`` takes: None, bool, int, float, str, bytes, bytearray, tuple, list, dict, set,
# frozenset, a Name, or a function that writes opcodes of its own to the builder it is given.
Value = Any
Fragment = Callable[["Pickle"], object]

# numpy.dtype state by kind, for the types a legitimate file holds: (byte order, flags).
_FLAGS = {"O": 0x3F, "U": 0x08}


class Pickle:
    """A pickle under construction.

    Args:
        proto: Protocol to announce with PROTO and to write values in; 0 and 1 have no PROTO
            opcode, so none is written.
        framed: Whether to frame as CPython does: one frame up to each array's raw bytes and one
            up to STOP. Frames are not split at 64 KiB as CPython does.
    """

    def __init__(self, proto: int = 4, *, framed: bool = False) -> None:
        self._data = bytearray()
        self._protocol = proto
        self._memo: dict[object, int] = {}
        self._next = 0
        self._framed = framed and proto >= 4
        if proto >= 2:
            self.proto(proto)
        self._frame_start = len(self._data)

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def raw(self, data: bytes) -> Self:
        """Bytes as they are."""
        self._data += data
        return self

    def finish(self) -> bytes:
        """STOP, and all the bytes."""
        return bytes(self.stop())

    # Framework: PROTO, FRAME, STOP.

    def proto(self, version: int) -> Self:
        """PROTO with any version, 0 to 255."""
        return self.raw(b"\x80" + bytes([version]))

    def frame(self, length: int) -> Self:
        """FRAME with any length."""
        return self.raw(b"\x95" + struct.pack("<Q", length))

    def stop(self) -> Self:
        """STOP; ends the frame if this pickle is framed."""
        self.raw(b".")
        return self.end_frame()

    def end_frame(self) -> Self:
        """Put a frame around what was written since the last, if this pickle is framed."""
        size = len(self._data) - self._frame_start
        if self._framed and size >= _SMALLEST_FRAME:
            self._data[self._frame_start : self._frame_start] = b"\x95" + struct.pack("<Q", size)
        return self.start_frame()

    def start_frame(self) -> Self:
        """Let the next frame begin here."""
        self._frame_start = len(self._data)
        return self

    # Constants.

    def none(self) -> Self:
        """NONE."""
        return self.raw(b"N")

    def newtrue(self) -> Self:
        """NEWTRUE."""
        return self.raw(b"\x88")

    def newfalse(self) -> Self:
        """NEWFALSE."""
        return self.raw(b"\x89")

    def int_(self, literal: int | str | bytes) -> Self:
        """INT: a line of text."""
        return self.raw(b"I" + _line(literal))

    def binint(self, value: int) -> Self:
        """BININT: four bytes, signed."""
        return self.raw(b"J" + struct.pack("<i", value))

    def binint1(self, value: int) -> Self:
        """BININT1: one byte, unsigned."""
        return self.raw(b"K" + struct.pack("<B", value))

    def binint2(self, value: int) -> Self:
        """BININT2: two bytes, unsigned."""
        return self.raw(b"M" + struct.pack("<H", value))

    def long_(self, literal: int | str | bytes) -> Self:
        """LONG: a line of text; an ``int`` gets the ``L`` that writers put after it."""
        return self.raw(b"L" + _line(f"{literal}L" if isinstance(literal, int) else literal))

    def long1(self, value: int | bytes, *, length: int | None = None) -> Self:
        """LONG1: two's complement with a length of one byte."""
        data = _two_complement(value)
        return self.raw(b"\x8a" + struct.pack("<B", _given(length, data)) + data)

    def long4(self, value: int | bytes, *, length: int | None = None) -> Self:
        """LONG4: two's complement with a length of four bytes, signed."""
        data = _two_complement(value)
        return self.raw(b"\x8b" + struct.pack("<i", _given(length, data)) + data)

    def float_(self, literal: float | str | bytes) -> Self:
        """FLOAT: a line of text."""
        return self.raw(b"F" + _line(repr(literal) if isinstance(literal, float) else literal))

    def binfloat(self, value: float) -> Self:
        """BINFLOAT: eight bytes, big-endian."""
        return self.raw(b"G" + struct.pack(">d", value))

    # Text and bytes. ``length`` replaces the true length.

    def string(self, literal: str | bytes) -> Self:
        """STRING: a line with the quoted literal as given, a byte string of Python 2."""
        return self.raw(b"S" + _line(literal))

    def binstring(self, data: bytes, *, length: int | None = None) -> Self:
        """BINSTRING: a byte string of Python 2; the length is signed."""
        return self.raw(b"T" + struct.pack("<i", _given(length, data)) + data)

    def short_binstring(self, data: bytes, *, length: int | None = None) -> Self:
        """SHORT_BINSTRING: a short byte string of Python 2."""
        return self.raw(b"U" + struct.pack("<B", _given(length, data)) + data)

    def unicode(self, text: str | bytes) -> Self:
        """UNICODE: a line in raw-unicode-escape; bytes are written as they are."""
        return self.raw(b"V" + _line(_escape(text) if isinstance(text, str) else text))

    def binunicode(self, text: str | bytes, *, length: int | None = None) -> Self:
        """BINUNICODE: UTF-8 with a length of four bytes."""
        data = _utf8(text)
        return self.raw(b"X" + struct.pack("<I", _given(length, data)) + data)

    def short_binunicode(self, text: str | bytes, *, length: int | None = None) -> Self:
        """SHORT_BINUNICODE: UTF-8 with a length of one byte."""
        data = _utf8(text)
        return self.raw(b"\x8c" + struct.pack("<B", _given(length, data)) + data)

    def binunicode8(self, text: str | bytes, *, length: int | None = None) -> Self:
        """BINUNICODE8: UTF-8 with a length of eight bytes."""
        data = _utf8(text)
        return self.raw(b"\x8d" + struct.pack("<Q", _given(length, data)) + data)

    def binbytes(self, data: bytes, *, length: int | None = None) -> Self:
        """BINBYTES: length of four bytes."""
        return self.raw(b"B" + struct.pack("<I", _given(length, data)) + data)

    def short_binbytes(self, data: bytes, *, length: int | None = None) -> Self:
        """SHORT_BINBYTES: length of one byte."""
        return self.raw(b"C" + struct.pack("<B", _given(length, data)) + data)

    def binbytes8(self, data: bytes, *, length: int | None = None) -> Self:
        """BINBYTES8: length of eight bytes."""
        return self.raw(b"\x8e" + struct.pack("<Q", _given(length, data)) + data)

    def bytearray8(self, data: bytes, *, length: int | None = None) -> Self:
        """BYTEARRAY8: length of eight bytes."""
        return self.raw(b"\x96" + struct.pack("<Q", _given(length, data)) + data)

    def next_buffer(self) -> Self:
        """NEXT_BUFFER: an out-of-band buffer."""
        return self.raw(b"\x97")

    def readonly_buffer(self) -> Self:
        """READONLY_BUFFER."""
        return self.raw(b"\x98")

    # Containers.

    def empty_list(self) -> Self:
        """EMPTY_LIST."""
        return self.raw(b"]")

    def list_(self) -> Self:
        """LIST: from the items above the mark."""
        return self.raw(b"l")

    def append(self) -> Self:
        """APPEND."""
        return self.raw(b"a")

    def appends(self) -> Self:
        """APPENDS: the items above the mark."""
        return self.raw(b"e")

    def empty_tuple(self) -> Self:
        """EMPTY_TUPLE."""
        return self.raw(b")")

    def tuple_(self) -> Self:
        """TUPLE: from the items above the mark."""
        return self.raw(b"t")

    def tuple1(self) -> Self:
        """TUPLE1."""
        return self.raw(b"\x85")

    def tuple2(self) -> Self:
        """TUPLE2."""
        return self.raw(b"\x86")

    def tuple3(self) -> Self:
        """TUPLE3."""
        return self.raw(b"\x87")

    def empty_dict(self) -> Self:
        """EMPTY_DICT."""
        return self.raw(b"}")

    def dict_(self) -> Self:
        """DICT: from the keys and values above the mark."""
        return self.raw(b"d")

    def setitem(self) -> Self:
        """SETITEM."""
        return self.raw(b"s")

    def setitems(self) -> Self:
        """SETITEMS: the keys and values above the mark."""
        return self.raw(b"u")

    def empty_set(self) -> Self:
        """EMPTY_SET."""
        return self.raw(b"\x8f")

    def additems(self) -> Self:
        """ADDITEMS: the items above the mark."""
        return self.raw(b"\x90")

    def frozenset_(self) -> Self:
        """FROZENSET: from the items above the mark."""
        return self.raw(b"\x91")

    # Stack and memo.

    def mark(self) -> Self:
        """MARK."""
        return self.raw(b"(")

    def pop(self) -> Self:
        """POP."""
        return self.raw(b"0")

    def pop_mark(self) -> Self:
        """POP_MARK."""
        return self.raw(b"1")

    def dup(self) -> Self:
        """DUP."""
        return self.raw(b"2")

    def get(self, index: int | str | bytes) -> Self:
        """GET: a line of text."""
        return self.raw(b"g" + _line(index))

    def binget(self, index: int) -> Self:
        """BINGET: one byte."""
        return self.raw(b"h" + struct.pack("<B", index))

    def long_binget(self, index: int) -> Self:
        """LONG_BINGET: four bytes."""
        return self.raw(b"j" + struct.pack("<I", index))

    def put(self, index: int | str | bytes) -> Self:
        """PUT: a line of text."""
        return self.raw(b"p" + _line(index))

    def binput(self, index: int) -> Self:
        """BINPUT: one byte."""
        return self.raw(b"q" + struct.pack("<B", index))

    def long_binput(self, index: int) -> Self:
        """LONG_BINPUT: four bytes."""
        return self.raw(b"r" + struct.pack("<I", index))

    def memoize(self) -> Self:
        """MEMOIZE: under as many as the memo holds."""
        return self.raw(b"\x94")

    # Globals, calls, objects.

    def global_(self, module: str | bytes, name: str | bytes) -> Self:
        """GLOBAL: two lines of text."""
        return self.raw(b"c" + _line(module) + _line(name))

    def stack_global(self) -> Self:
        """STACK_GLOBAL: module and name from the stack."""
        return self.raw(b"\x93")

    def ext1(self, code: int) -> Self:
        """EXT1."""
        return self.raw(b"\x82" + struct.pack("<B", code))

    def ext2(self, code: int) -> Self:
        """EXT2."""
        return self.raw(b"\x83" + struct.pack("<H", code))

    def ext4(self, code: int) -> Self:
        """EXT4: the code is signed."""
        return self.raw(b"\x84" + struct.pack("<i", code))

    def persid(self, identifier: str | bytes) -> Self:
        """PERSID: a line of text."""
        return self.raw(b"P" + _line(identifier))

    def binpersid(self) -> Self:
        """BINPERSID: identifier from the stack."""
        return self.raw(b"Q")

    def reduce(self) -> Self:
        """REDUCE."""
        return self.raw(b"R")

    def build(self) -> Self:
        """BUILD."""
        return self.raw(b"b")

    def inst(self, module: str | bytes, name: str | bytes) -> Self:
        """INST: arguments above the mark."""
        return self.raw(b"i" + _line(module) + _line(name))

    def obj(self) -> Self:
        """OBJ: class and arguments above the mark."""
        return self.raw(b"o")

    def newobj(self) -> Self:
        """NEWOBJ: class and tuple of arguments."""
        return self.raw(b"\x81")

    def newobj_ex(self) -> Self:
        """NEWOBJ_EX: class, tuple and dict of arguments."""
        return self.raw(b"\x92")

    # Values, as CPython's pickler writes them.

    def memo(self, key: object = None) -> Self:
        """Store the top of the stack under the next index, in this protocol's way.

        Args:
            key: What :meth:`recall` will find it by; None stores it for nobody.
        """
        index, self._next = self._next, self._next + 1
        if key is not None:
            self._memo[key] = index
        if self._protocol >= 4:
            return self.memoize()
        if self._protocol == 0:
            return self.put(index)
        return self.binput(index) if index < 256 else self.long_binput(index)

    def overwrite(self, key: object) -> Self:
        """Store the top of the stack in the place of what :meth:`memo` stored under this key."""
        index = self._memo[key]
        return self.binput(index) if index < 256 else self.long_binput(index)

    def recall(self, key: object) -> Self:
        """Push what :meth:`memo` stored under this key, in this protocol's way."""
        index = self._memo[key]
        if self._protocol == 0:
            return self.get(index)
        return self.binget(index) if index < 256 else self.long_binget(index)

    def save(self, *values: Value) -> Self:
        """Push values as CPython's pickler writes them, memo included.

        Args:
            values: See :data:`Value`; a function is called with this builder and writes what it
                likes.
        """
        for value in values:
            self._save(value)
        return self

    def call(self, function: Value, *args: Value) -> Self:
        """Push ``function(*args)``, by REDUCE."""
        return self.save(function, args).reduce().memo()

    def object_(self, cls: Value, *args: Value, state: Value = None) -> Self:
        """Push an instance, by NEWOBJ (``copyreg._reconstructor`` below protocol 2), and BUILD it.

        Args:
            cls: The class, a :class:`Name` or anything that pushes one.
            args: Arguments of ``__new__``; there is no place for them below protocol 2.
            state: State for BUILD, or None for no BUILD.
        """
        if self._protocol < 2:
            copyreg, builtins = Name("copy_reg", "_reconstructor"), Name("__builtin__", "object")
            self.call(copyreg, cls, builtins, None)
        else:
            self.save(cls, args).newobj().memo()
        return self if state is None else self.save(state).build()

    def _save(self, value: Value) -> Self:
        if callable(value):
            value(self)
            return self
        if value is None:
            return self.none()
        if isinstance(value, bool):
            return self._save_bool(value)
        if isinstance(value, int):
            return self._save_int(value)
        if isinstance(value, float):
            return self.float_(value) if self._protocol == 0 else self.binfloat(value)
        if isinstance(value, str | Name) and value in self._memo:
            return self.recall(value)
        if isinstance(value, Name):
            return self._save_name(value)
        if isinstance(value, str):
            return self._save_text(value).memo(value)
        if isinstance(value, bytes | bytearray):
            return self._save_bytes(value)
        return self._save_container(value)

    def _save_bool(self, value: bool) -> Self:
        if self._protocol < 2:
            return self.int_("01" if value else "00")
        return self.newtrue() if value else self.newfalse()

    def _save_int(self, value: int) -> Self:
        if self._protocol > 0 and 0 <= value < 1 << 8:
            return self.binint1(value)
        if self._protocol > 0 and 0 <= value < 1 << 16:
            return self.binint2(value)
        if -(1 << 31) <= value < 1 << 31:
            return self.binint(value) if self._protocol > 0 else self.int_(value)
        if self._protocol < 2:
            return self.long_(value)
        return self.long1(value) if len(_two_complement(value)) < 256 else self.long4(value)

    def _save_text(self, text: str) -> Self:
        if self._protocol == 0:
            return self.unicode(text)
        if self._protocol >= 4 and len(_utf8(text)) < 256:
            return self.short_binunicode(text)
        return self.binunicode(text)

    def _save_bytes(self, data: bytes | bytearray) -> Self:
        if isinstance(data, bytearray):
            if self._protocol >= 5:
                return self.bytearray8(bytes(data)).memo()
            module = "builtins" if self._protocol >= 3 else "__builtin__"
            return self.call(Name(module, "bytearray"), bytes(data))
        if self._protocol < 3 and not data:
            return self.call(Name("__builtin__", "bytes"))
        if self._protocol < 3:
            return self.call(Name("_codecs", "encode"), data.decode("latin-1"), "latin1")
        return (self.short_binbytes if len(data) < 256 else self.binbytes)(data).memo()

    def _save_name(self, value: Name) -> Self:
        if self._protocol < 4:
            return self.global_(value.module, value.name).memo(value)
        # The pickler finds the module's name in its memo; the attribute's it writes anew.
        self.save(value.module)._save_text(value.name).memo()
        return self.stack_global().memo(value)

    def _save_container(self, value: Value) -> Self:
        if isinstance(value, tuple):
            return self._save_tuple(value)
        if isinstance(value, list):
            (self.mark().list_() if self._protocol == 0 else self.empty_list()).memo()
            return self._batch(value, self.append, self.appends)
        if isinstance(value, Mapping):
            (self.mark().dict_() if self._protocol == 0 else self.empty_dict()).memo()
            return self._batch(value.items(), self.setitem, self.setitems, pairs=True)
        if isinstance(value, set):
            return self.empty_set().memo().mark().save(*value).additems()
        if isinstance(value, frozenset):
            return self.mark().save(*value).frozenset_().memo()
        raise TypeError(f"no opcodes for {type(value).__name__}")

    def _save_tuple(self, value: tuple[Value, ...]) -> Self:
        if not value:
            return self.empty_tuple() if self._protocol > 0 else self.mark().tuple_()
        if len(value) <= 3 and self._protocol >= 2:
            self.save(*value)
            return (self.tuple1, self.tuple2, self.tuple3)[len(value) - 1]().memo()
        return self.mark().save(*value).tuple_().memo()

    def _batch(
        self,
        items: Iterable[Value],
        one: Callable[[], Self],
        many: Callable[[], Self],
        *,
        pairs: bool = False,
    ) -> Self:
        entries = list(items)
        single = len(entries) == 1 or self._protocol == 0
        if not single and entries:
            self.mark()
        for entry in entries:
            self.save(*entry) if pairs else self.save(entry)
            if single:
                one()
        return self if single or not entries else many()

    # numpy and joblib.

    def dtype(
        self,
        code: Value = "f8",
        *,
        order: Value = "<",
        subarray: Value = None,
        names: Value = None,
        fields: Value = None,
        itemsize: Value = -1,
        alignment: Value = -1,
        flags: Value = None,
        metadata: tuple[Value, ...] = (),
    ) -> Self:
        """Push a ``numpy.dtype`` as numpy pickles it: a call and a state.

        Args:
            code: Type code with size in bytes, such as ``"f8"``, ``"O8"`` or ``"V16"``.
            order: Byte order: ``"<"``, ``">"`` or ``"|"``.
            subarray: Base type and shape of a subarray.
            names: Tuple of field names.
            fields: Fields by name: ``{name: (dtype, offset)}``.
            itemsize: Bytes of one element for types of flexible size, else -1.
            alignment: Bytes, or -1.
            flags: numpy's flags; 63 means that elements are object pointers. None for what an
                legitimate file holds.
            metadata: What stands in the state after the flags; the metadata dict is first.
        """
        given = (subarray, names, fields, itemsize, alignment, flags, metadata)
        plain = given == (None, None, None, -1, -1, None, ())
        key = ("dtype", code, order) if plain else ("dtype", code, order, repr(given))
        if key in self._memo:
            return self.recall(key)
        if flags is None:
            flags = _FLAGS.get(code[0], 0) if isinstance(code, str) else 0
        self.save(Name("numpy", "dtype"), (code, False, True)).reduce().memo(key)
        state = (3, order, subarray, names, fields, itemsize, alignment, flags, *metadata)
        return self.save(state).build()

    def array(
        self,
        data: bytes = b"",
        *,
        dtype: Value = "<f8",
        shape: Value = None,
        order: Value = "C",
        subclass: Value = Name("numpy", "ndarray"),
        allow_mmap: Value = None,
        alignment: Value = ALIGNMENT,
        padding_length: int | None = None,
        padding: bytes | None = None,
        wrapper: Value = Name("joblib.numpy_pickle", "NumpyArrayWrapper"),
        state: Mapping[str, Value] | None = None,
    ) -> Self:
        """Push an array as joblib writes it: wrapper, state, BUILD, padding, raw bytes.

        Args:
            data: The raw bytes; for an object array a whole nested pickle, STOP included.
            dtype: Byte order and code such as ``"<f8"`` or ``"|O8"``, or what writes a dtype.
            shape: Lengths; None for one dimension of as many elements as the data holds.
            order: ``"C"`` or ``"F"``.
            subclass: Class of the array.
            allow_mmap: None for what joblib writes: False for objects.
            alignment: Value of ``numpy_array_alignment_bytes``, or None to leave it out and write
                no padding, as joblib before 1.2 did.
            padding_length: The byte before the padding, None for the right one.
            padding: The padding itself, None for as many 0xff as the length says.
            wrapper: Class of the wrapper.
            state: What to add to the wrapper's state or to replace in it.
        """
        objects = isinstance(dtype, str) and dtype[1] == "O"
        size = 1 if objects or not isinstance(dtype, str) else int(dtype[2:])
        given: dict[str, Value] = {
            "subclass": subclass,
            "shape": (len(data) // size,) if shape is None else shape,
            "order": order,
            "dtype": _dtype_of(dtype) if isinstance(dtype, str) else dtype,
            "allow_mmap": not objects if allow_mmap is None else allow_mmap,
        }
        if alignment is not None:
            given["numpy_array_alignment_bytes"] = alignment
        self.object_(wrapper, state={**given, **(state or {})}).end_frame()
        if not objects and alignment is not None:
            self.padding(alignment, length=padding_length, padding=padding)
        return self.raw(data).start_frame()

    def object_array(self, nested: bytes | Pickle, *, shape: Value = (1,), **given: Value) -> Self:
        """Push an object array as joblib writes it: a wrapper, then a whole pickle.

        Args:
            nested: The nested pickle, STOP included; :meth:`nested_objects` makes a legitimate one.
            shape: Lengths.
            given: As for :meth:`array`.
        """
        return self.array(bytes(nested), dtype="|O8", shape=shape, **given)

    @classmethod
    def nested_objects(cls, *items: Value) -> bytes:
        """The pickle of a one-dimensional object array, as numpy writes it in protocol 5."""
        nested = cls(5, framed=True)
        ndarray = Name("numpy", "ndarray")
        nested.call(Name("numpy._core.multiarray", "_reconstruct"), ndarray, (0,), b"b")
        dtype = _dtype_of("|O8")
        nested.save((1, (len(items),), dtype, False, list(items))).build()
        return nested.finish()

    def padding(
        self, alignment: Value = ALIGNMENT, *, length: int | None = None, padding: bytes | None
    ) -> Self:
        """joblib's padding before raw array bytes: its length in one byte, and as many 0xff.

        Args:
            alignment: Bytes; the first raw byte comes to stand at a multiple of it.
            length: What the length byte says, None for the right length.
            padding: The bytes themselves, None for as many 0xff as the length says.
        """
        if length is None:
            length = alignment - (len(self._data) + 1) % alignment
        return self.raw(bytes([length])).raw(b"\xff" * length if padding is None else padding)


def _dtype_of(text: str) -> Fragment:
    order, code = text[0], text[1:]
    return lambda pickle: pickle.dtype(code, order=order)


def _line(text: int | str | bytes) -> bytes:
    return (text if isinstance(text, bytes) else str(text).encode()) + b"\n"


def _utf8(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _escape(text: str) -> bytes:
    # The four characters that CPython's pickler escapes beyond raw-unicode-escape, and backslash.
    for character in "\\\0\n\r\x1a":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("raw-unicode-escape")


def _two_complement(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    if value == 0:
        return b""
    length = (value.bit_length() >> 3) + 1
    data = value.to_bytes(length, "little", signed=True)
    # A negative power of 256, halved, needs no byte for its sign.
    return data[:-1] if value < 0 and length > 1 and data[-1] == 0xFF and data[-2] & 0x80 else data


def _given(length: int | None, data: bytes) -> int:
    return len(data) if length is None else length
