"""One read of one file: a path becomes private bytes with their SHA-256.

Everything after this works on these bytes: nothing opens the path again, and no loader is handed
it. The file must be a regular one and must not change size while it is read. What comes from
elsewhere is taken as it comes, piece by piece.

Trust: the path and what it leads to are hostile; the bytes, once here, cannot be changed by
anybody outside of this process. Their content is as hostile as before.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safeload.arguments import as_path
from safeload.errors import ArtefactError
from safeload.limits import Limits

__all__ = ["Artefact", "Progress", "open_regular"]

# Told how many bytes were just read.
Progress = Callable[[int], object]

# Small enough to be in the processor's cache still when it is hashed.
_CHUNK = 1 << 20
# Below this an anonymous map costs more than it saves.
_SMALL = 1 << 16
# From here on a second thread is worth starting.
_LARGE = 1 << 23


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file's bytes, read once.

    Attributes:
        path: Where it was read from; shown to people, never opened again.
        data: The bytes. Private to this process, writable only because numpy has no other way to
            lend writable arrays; nothing writes to them before the caller has the model.
        size: Their number.
        sha256: Their SHA-256, 64 lower-case hex digits.
        version: What tells the file from any that takes its place, or is written into it.
    """

    path: Path
    data: bytearray | mmap.mmap
    size: int
    sha256: str
    version: tuple[int, ...] = ()

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        limits: Limits | None = None,
        mmap_mode: str | None = None,
        progress: Progress | None = None,
    ) -> Artefact:
        """Read a file into private memory and hash it on the way.

        Args:
            path: A regular file; symbolic links are followed once, by the open itself.
            limits: Bounds; ``bytes_in`` applies.
            mmap_mode: ``"r"`` for bytes that nobody can write to, ``"c"`` for bytes whose changes
                stay private to each map; both are pages of a sealed memory file where the kernel
                has those.
            progress: Told how many bytes each step read.

        Returns:
            The artefact.

        Raises:
            ArtefactError: It cannot be read, is no regular file, is too large, or changed.
            UsageError: The path is no path.
        """
        limits = Limits.of(limits)
        where = as_path(path)
        descriptor, status = open_regular(where)
        memory = None
        try:
            if status.st_size > limits.bytes_in:
                raise _too_large(limits)
            size = status.st_size
            memory = _sealable(size) if mmap_mode is not None else None
            buffer = _buffer(size, memory)
            digest = hashlib.sha256()
            filled = _fill(descriptor, buffer, digest.update, progress)
            if filled != size or os.read(descriptor, 1):
                raise ArtefactError(
                    "The file changed size while it was read.",
                    code="changed",
                    hint="Wait until nothing writes to it any more, then try again.",
                )
            if memory is not None and isinstance(buffer, mmap.mmap):
                buffer.close()
                buffer = _seal(memory, size, writable=mmap_mode == "c")
        except OSError as error:
            raise _unreadable(where, error) from error
        finally:
            os.close(descriptor)
            if memory is not None:
                os.close(memory)
        return cls(where, buffer, size, digest.hexdigest(), _version(status))

    @classmethod
    def take(cls, pieces: Iterable[bytes], *, name: str, limits: Limits | None = None) -> Artefact:
        """Take in bytes as they come, and hash them on the way.

        Args:
            pieces: The bytes, one piece after the other. No more of them is asked for than the
                limit allows.
            name: What to call them.
            limits: Bounds; ``bytes_in`` applies.

        Returns:
            The artefact, which is current for no path.

        Raises:
            ArtefactError: They are too many.
        """
        limits = Limits.of(limits)
        data, digest = bytearray(), hashlib.sha256()
        try:
            for piece in pieces:
                if len(data) + len(piece) > limits.bytes_in:
                    raise _too_large(limits)
                data += piece
                digest.update(piece)
        except MemoryError as error:
            raise _no_memory(len(data)) from error
        return cls(Path(name), data, len(data), digest.hexdigest())

    def is_current(self, status: os.stat_result | None = None) -> bool:
        """Whether the path leads to the very file still that was read, unchanged.

        Says nothing about a moment later.

        Args:
            status: The status of the file that the path is taken to lead to.
        """
        try:
            return _version(self.path.stat() if status is None else status) == self.version
        except OSError:
            return False


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; never wait for what a pipe or a device might say.

    Args:
        path: The file; symbolic links are followed once.

    Returns:
        A file descriptor, which the caller has to close, and the status of the open file.

    Raises:
        ArtefactError: It cannot be opened, or is no regular file.
    """
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ArtefactError(
            "The path does not lead to a regular file.",
            code="not-regular",
            hint=f"{path.name!r} is a directory, a pipe or a device; give the file itself.",
        )
    return descriptor, status


def _unreadable(path: Path, error: OSError | ValueError) -> ArtefactError:
    reason = getattr(error, "strerror", None) or "not a path"
    return ArtefactError(
        f"The file cannot be read: {reason}.",
        code="unreadable",
        hint=f"Check that {path.name!r} exists and that you may read it.",
    )


def _version(status: os.stat_result) -> tuple[int, ...]:
    # Not when its status changed: a backup that links to the file does not make it another one.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _too_large(limits: Limits) -> ArtefactError:
    return ArtefactError(
        f"The file is larger than {limits.bytes_in} bytes.",
        code="too-large",
        hint="If you expect a model of this size, raise the limit bytes_in.",
    )


def _no_memory(size: int) -> ArtefactError:
    return ArtefactError(
        f"There is no memory for a file of {size} bytes.",
        code="too-large",
        hint="Load it on a machine with more memory.",
    )


def _buffer(size: int, memory: int | None) -> bytearray | mmap.mmap:
    try:
        if memory is not None and size:
            return mmap.mmap(memory, size)
        if size < _SMALL:
            return bytearray(size)
        buffer = _anonymous(size)
    except (OSError, MemoryError, OverflowError) as error:
        raise _no_memory(size) from error
    # Large pages: fewer faults, which would cost as much as the reading itself.
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            buffer.madvise(mmap.MADV_HUGEPAGE)
    return buffer


def _anonymous(size: int) -> mmap.mmap:
    if not hasattr(mmap, "MAP_ANONYMOUS"):
        return mmap.mmap(-1, size)
    # The default would share the pages, and so the model, with every child forked later.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _fill(
    descriptor: int,
    buffer: bytearray | mmap.mmap,
    update: Callable[[memoryview], object],
    progress: Progress | None,
) -> int:
    if len(buffer) < _LARGE:
        return _take(descriptor, buffer, update, progress)
    # Neither reading nor hashing holds the interpreter's lock, and the one hides behind the other.
    # A single worker hashes the chunks in the order in which they come.
    with ThreadPoolExecutor(max_workers=1) as worker:
        return _take(descriptor, buffer, lambda chunk: worker.submit(update, chunk), progress)


def _take(
    descriptor: int,
    buffer: bytearray | mmap.mmap,
    update: Callable[[memoryview], object],
    progress: Progress | None,
) -> int:
    filled = 0
    view = memoryview(buffer)
    while filled < len(view):
        chunk = view[filled : filled + _CHUNK]
        count = os.readv(descriptor, [chunk]) if hasattr(os, "readv") else _read(descriptor, chunk)
        if not count:
            break
        update(chunk[:count])
        filled += count
        if progress is not None:
            progress(count)
    return filled


def _read(descriptor: int, chunk: memoryview) -> int:
    data = os.read(descriptor, len(chunk))
    chunk[: len(data)] = data
    return len(data)


def _sealable(size: int) -> int | None:
    """A memory file that can be sealed, or None where the kernel has none (or nothing to hold)."""
    if size == 0 or not sys.platform.startswith("linux"):
        return None
    memory = os.memfd_create("safeload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, size)
    return memory


def _seal(memory: int, size: int, *, writable: bool) -> mmap.mmap:
    """Make a memory file unchangeable, even by this process, and map it."""
    import fcntl

    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
    access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    return mmap.mmap(memory, size, flags=mmap.MAP_PRIVATE, prot=access)
