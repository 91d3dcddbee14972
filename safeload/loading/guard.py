"""The guard: canonical code becomes objects, and nothing but the judged names is within reach.

CPython's C unpickler runs the code of a program. It asks for globals here, and here are only those
that the policy allowed and that were imported beforehand. Should the scan have missed one, the
guard refuses it: one list, two readers.

Trust: the code is canonical, made of opcodes the machine interpreted; what its allowed callables
do with its arguments is the policy's business.
Source: CPython ``Modules/_pickle.c``; "Restricting Globals" in the ``pickle`` documentation.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Mapping
from typing import Any

from safeload.errors import LoadError, printable
from safeload.loading.arrays import ArrayMaker
from safeload.loading.seal import sealed
from safeload.scan.program import ArraySpan, Buffer, Program

__all__ = ["unpickle"]

_BUFFER = 1 << 17
# Views must make up this part of the bytes before they may keep all of them in memory.
_WORTHWHILE = 0.5


def unpickle(
    program: Program,
    data: Buffer,
    names: Mapping[tuple[str, str], Any],
    *,
    mmap_mode: str | None = None,
) -> Any:
    """Run an accepted program.

    Args:
        program: The file's outermost program, accepted by the policy.
        data: The bytes its spans point into.
        names: What :func:`safeload.loading.names.resolve` found for it.
        mmap_mode: None, ``"r"`` or ``"c"``, as ``joblib.load`` takes it.

    Returns:
        The object.

    Raises:
        LoadError: The code asks for what it was not granted, or breaks the seal.
    """
    large = sum(span.nbytes for span in program.arrays if isinstance(span, ArraySpan))
    views = large >= _WORTHWHILE * len(data)
    maker = ArrayMaker(data, views=views, mmap_mode=mmap_mode)
    libraries = {module.partition(".")[0] for module, _ in names}
    return sealed(lambda: _run(program, names, maker), libraries=libraries)


def _run(program: Program, names: Mapping[tuple[str, str], Any], maker: ArrayMaker) -> Any:
    if program.elsewhere is not None:
        maker = maker.of(program.elsewhere)
    # The buffered reader can be peeked into, which saves the unpickler a call per opcode.
    pieces = program.pieces(maker.data)
    small = sum(map(len, pieces)) <= _BUFFER
    raw = io.BytesIO(b"".join(pieces)) if small else _Code(pieces)
    stream = io.BufferedReader(raw, _BUFFER)
    return _Guard(stream, names, program.arrays, maker).load()


class _Code(io.RawIOBase):
    """A file of the pieces of a program, without a copy of them all."""

    def __init__(self, segments: Iterable[bytes | memoryview]) -> None:
        super().__init__()
        self._rest = memoryview(b"")
        self._segments = iter(segments)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        space = memoryview(buffer)
        filled = 0
        while filled < len(space):
            if not self._rest:
                segment = next(self._segments, None)
                if segment is None:
                    break
                self._rest = memoryview(segment)
                continue
            piece = self._rest[: len(space) - filled]
            space[filled : filled + len(piece)] = piece
            self._rest = self._rest[len(piece) :]
            filled += len(piece)
        return filled


class _Guard(pickle.Unpickler):
    """The C unpickler, granted exactly the names it is given."""

    def __init__(
        self,
        stream: io.BufferedReader[_Code | io.BytesIO],
        names: Mapping[tuple[str, str], Any],
        arrays: Iterable[ArraySpan | Program],
        maker: ArrayMaker,
    ) -> None:
        super().__init__(stream)
        self._names = names
        self._arrays = iter(arrays)
        self._maker = maker

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._names[module, name]
        except KeyError:
            raise _denied(printable(f"{module}.{name}")) from None

    def persistent_load(self, wrapper: Any) -> Any:
        array = next(self._arrays, None)
        if isinstance(array, ArraySpan):
            return self._maker.make(array, wrapper)
        if array is None:
            raise _denied("an array that the scan did not see")
        return _run(array, self._names, self._maker)


def _denied(what: str) -> LoadError:
    return LoadError(
        f"While loading, the file asked for {what}, which the scan did not grant.",
        code="not-granted",
        hint="Nothing was handed over. Please report this file's scan; it should not be possible.",
    )
