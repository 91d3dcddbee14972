"""Memory for the bytes of a file, which is this process's own, or which nobody can write to.

Trust: what lies here cannot be changed by anybody outside of this process. A sealed memory file
cannot be changed by this process either.

Source: mmap(2), memfd_create(2), fcntl(2) (F_ADD_SEALS).
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from safeload.errors import ArtefactError

__all__ = ["Memory", "Room", "no_memory", "room_for"]

Memory: TypeAlias = bytearray | mmap.mmap

# Below this an anonymous map costs more than it saves.
_SMALL = 1 << 16


class Room:
    """Memory that is being filled.

    Attributes:
        buffer: Where the bytes belong.
    """

    def __init__(self, buffer: Memory, file: int | None, mmap_mode: str | None) -> None:
        self.buffer = buffer
        self._file = file
        self._mmap_mode = mmap_mode

    def finished(self) -> Memory:
        """The memory once it is filled, sealed where that was asked for and can be done."""
        if self._file is None or not isinstance(self.buffer, mmap.mmap):
            return self.buffer
        size = len(self.buffer)
        self.buffer.close()
        return _sealed(self._file, size, writable=self._mmap_mode == "c")


@contextmanager
def room_for(size: int, mmap_mode: str | None) -> Iterator[Room]:
    """Make room for bytes.

    Args:
        size: How many.
        mmap_mode: None for memory of this process's own; ``"r"`` for bytes that nobody can write
            to, ``"c"`` for bytes whose changes stay private to each map, both as pages of a sealed
            memory file where the kernel has those.

    Yields:
        The room, to be filled.

    Raises:
        ArtefactError: There is not enough memory (``too-large``).
    """
    file = _memory_file(size) if mmap_mode is not None else None
    try:
        yield Room(_buffer(size, file), file, mmap_mode)
    finally:
        if file is not None:
            os.close(file)


def no_memory(size: int) -> ArtefactError:
    """The error about a file for which there is no memory."""
    return ArtefactError(
        f"There is no memory for a file of {size} bytes.",
        code="too-large",
        hint="Load it on a machine with more memory.",
    )


def _buffer(size: int, file: int | None) -> Memory:
    try:
        if file is not None and size:
            return mmap.mmap(file, size)
        if size < _SMALL:
            return bytearray(size)
        buffer = _anonymous(size)
    except (OSError, MemoryError, OverflowError) as error:
        raise no_memory(size) from error
    # Large pages: fewer faults, which would cost as much as the reading itself.
    if sys.platform == "linux" and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            buffer.madvise(mmap.MADV_HUGEPAGE)
    return buffer


def _anonymous(size: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    # The default would share the pages, and so the model, with every child forked later.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _memory_file(size: int) -> int | None:
    """A memory file that can be sealed, or None where the kernel has none (or nothing to hold)."""
    if sys.platform == "linux" and size:
        file = os.memfd_create("safeload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, size)
        return file
    return None


def _sealed(file: int, size: int, *, writable: bool) -> mmap.mmap:
    """Make a memory file unchangeable, even by this process, and map it."""
    if sys.platform != "linux":
        raise AssertionError("only Linux has such files")
    import fcntl

    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    return mmap.mmap(file, size, flags=mmap.MAP_PRIVATE, prot=access)
