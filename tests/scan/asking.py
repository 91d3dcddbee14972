"""What real unpicklers ask for, as leniently as anybody may call them.

Each is run on bytes with ``find_class`` answered by a stub, unless the module's name is made of
other things than identifiers: then it fails, as an import would.

Trust: the bytes are hostile. Nothing they name is imported; whoever runs this limits its memory.
"""

from __future__ import annotations

import io
import itertools
import pickle
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from joblib.numpy_pickle import NumpyUnpickler

__all__ = ["Asked", "asked"]

_ENCODINGS = ("ASCII", "latin1", "bytes")
# Places in the memo and lengths from which on a reader asks for memory that it may get.
_HUGE = 1 << 20
_BYTEARRAY, _LONG_BINPUT = 0x96, 0x72
_PUT = re.compile(rb"p[^\n]{6,}\n")


class Asked(NamedTuple):
    """A name that was asked for.

    Attributes:
        module: Its module, made of identifiers.
        name: Its name.
        before: What had been read by then, as far as the reader says.
        used: Whether anything was done afterwards with what it got, or it was returned.
    """

    module: str
    name: str
    before: bytes
    used: bool


class _Any:
    """What a name stands for: an object, and a class to some, that takes whatever is done to it."""

    used = False

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        _Any.used = True
        return super().__new__(cls)

    def __init__(self, *args: Any, **keywords: Any) -> None:
        pass

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        _Any.used = True
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        self.append(key)
        self.append(value)

    def append(self, item: Any) -> None:
        # A list of words can give one name to the other, and nothing comes of it.
        _Any.used = _Any.used or not (isinstance(item, _Any) or item is _Made)

    add = __setstate__ = append


class _Made(_Any):
    """A class, for opcodes that want one."""


_OBJECT = _Any()


class _Persistent:
    """What a persistent identifier stands for: something that takes what is done to it as well."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        pass

    add = __setstate__ = append


_PERSISTENT = _Persistent()


class _Peekable(io.BytesIO):
    """A file that can be looked into beforehand, as files on a disk can."""

    def peek(self, size: int) -> bytes:
        place = self.tell()
        return self.getvalue()[place : place + max(size, 16)]


def asked(data: bytes) -> Iterator[Asked]:
    """Everything that any of the unpicklers asks for.

    Args:
        data: Any bytes.
    """
    bases = [pickle.Unpickler, pickle._Unpickler]
    if _has_number(_LONG_BINPUT, 4, data) or _PUT.search(data):
        bases.remove(pickle.Unpickler)
    if _has_number(_BYTEARRAY, 8, data):
        return
    for base, encoding, persistent in itertools.product(bases, _ENCODINGS, (False, True)):
        for file in (io.BytesIO, _Peekable) if base is pickle.Unpickler else (io.BytesIO,):
            for found in (_OBJECT, _Made):
                stream = file(data)
                unpickler = _stubbed(base, found, persistent, stream)
                yield from _run(unpickler(stream, encoding=encoding), stream)
    stream = io.BytesIO(data)
    reader = _stubbed(NumpyUnpickler, _OBJECT, False, stream)
    yield from _run(reader("", stream, ensure_native_byte_order=False), stream)


def _stubbed(base: type, found: Any, persistent: bool, stream: io.BytesIO) -> Any:
    def find_class(self: Any, module: str, name: str) -> Any:
        if not all(part.isidentifier() for part in module.split(".")):
            raise ImportError(module)
        seen.append((module, name, stream.getvalue()[: stream.tell()]))
        return found

    seen: list[tuple[str, str, bytes]] = []
    members: dict[str, Any] = {"find_class": find_class, "seen": seen}
    if persistent:
        members["persistent_load"] = lambda self, identifier: _PERSISTENT
    return type("Stubbed", (base,), members)


def _run(unpickler: Any, stream: io.BytesIO) -> Iterator[Asked]:
    _Any.used = False
    returned = False
    try:
        for _ in range(3):
            # Some files hold several.
            count = len(unpickler.seen)
            unpickler.load()
            rest = stream.getvalue()[stream.tell() :]
            returned |= len(unpickler.seen) > count and (not rest.strip() or b"\0" in rest)
    except Exception:  # noqa: BLE001  # whatever hostile bytes lead to
        pass
    for module, name, before in unpickler.seen:
        yield Asked(module, name, before, _Any.used or returned)


def _has_number(opcode: int, width: int, data: bytes) -> bool:
    """Whether an opcode, if it is one, has an argument that takes gigabytes of memory."""
    places = [place for place, byte in enumerate(data) if byte == opcode]
    numbers = (int.from_bytes(data[place + 1 : place + 1 + width], "little") for place in places)
    return any(number > _HUGE for number in numbers)
