"""One read of one source: a path, bytes or an open file become private bytes with their digests.

Everything after this works on these bytes: nothing opens the path again, and no loader is handed
it. A file at a path must be a regular one and must not change size while it is read. What comes
from elsewhere is taken as it comes, piece by piece.

Trust: the source and what it leads to are hostile; the bytes, once here, cannot be changed by
anybody outside of this process. Their content is as hostile as before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeAlias

from safeload.arguments import BYTES, as_path, is_open_file, wrong_value
from safeload.errors import ArtefactError, UsageError
from safeload.hashing import Digests
from safeload.limits import Limits
from safeload.memory import Memory, no_memory, room_for
from safeload.reading import Hashing, Progress, fill

__all__ = ["Artefact", "Hashing", "Progress", "Source", "name_of", "open_regular", "version_of"]

# What a model may be given as: where it is, its bytes, or an open file that gives them.
Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Artefact"

# Bytes that a caller's file is asked for at a time.
_CHUNK = 1 << 20
# What sources that are not paths are called.
_BYTES, _FILE = Path("<bytes>"), Path("<file>")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model's bytes, read once.

    Attributes:
        path: Where they were read from; shown to people, never opened again.
        data: The bytes. Private to this process, writable only because numpy has no other way to
            lend writable arrays; nothing writes to them before the caller has the model.
        size: Their number.
        digests: Their digests.
        version: What tells the file from any that takes its place, or is written into it; empty for
            what came from no path.
    """

    path: Path
    data: Memory = field(repr=False)
    size: int
    digests: Digests = field(repr=False, compare=False)
    version: tuple[int, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, 64 lower-case hex digits."""
        return self.digests.sha256

    @classmethod
    def of(
        cls,
        source: Source,
        *,
        limits: Limits | None = None,
        mmap_mode: str | None = None,
        hashing: Hashing = Hashing.FINGERPRINT,
        progress: Progress | None = None,
    ) -> Artefact:
        """Take in a model from wherever the caller has it.

        Args:
            source: The path of a regular file; or the bytes; or a binary file, which is read from
                where it stands to its end; or an artefact, whose bytes are copied.
            limits: Bounds; ``bytes_in`` applies.
            mmap_mode: As for :meth:`read`.
            hashing: As for :meth:`read`.
            progress: Told how many bytes each step read.

        Returns:
            The artefact. Later changes to the caller's bytes or file are none to it.

        Raises:
            ArtefactError: It cannot be read, is not a regular file, is too large, or changed.
            UsageError: It is none of them, or a file of text.
        """
        limits = Limits.of(limits)
        if isinstance(source, Artefact):
            # Arrays that were loaded lie in these bytes, and their owner may write to them.
            return cls.holding(
                _copied(source.data, mmap_mode), path=source.path, version=source.version
            )
        if isinstance(source, BYTES):
            with _octets(source) as octets:
                if len(octets) > limits.bytes_in:
                    raise _too_large(limits)
                data = _copied(octets, mmap_mode)
            if progress is not None:
                progress(len(data))
            return cls.holding(data, path=_BYTES)
        if is_open_file(source):
            taken = cls.take(_pieces(source, progress), name=_name_of(source), limits=limits)
            if mmap_mode is None:
                return taken
            return cls.holding(_copied(taken.data, mmap_mode), path=taken.path)
        return cls.read(
            as_path(source, "source"),
            limits=limits,
            mmap_mode=mmap_mode,
            hashing=hashing,
            progress=progress,
        )

    @classmethod
    def holding(cls, data: Memory, *, path: Path, version: tuple[int, ...] = ()) -> Artefact:
        """The artefact of bytes that nobody else has a hold of.

        Args:
            data: The bytes.
            path: What to call them.
            version: As the attribute.
        """
        digests = Digests(lambda start, end: memoryview(data)[start:end], len(data))
        return cls(path, data, len(data), digests, version)

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        limits: Limits | None = None,
        mmap_mode: str | None = None,
        hashing: Hashing = Hashing.WHOLE,
        progress: Progress | None = None,
    ) -> Artefact:
        """Read a file into private memory and hash it on the way.

        Args:
            path: A regular file; symbolic links are followed once, by the open itself.
            limits: Bounds; ``bytes_in`` applies.
            mmap_mode: ``"r"`` for bytes that nobody can write to, ``"c"`` for bytes whose changes
                stay private to each map; both are pages of a sealed memory file where the kernel
                has those.
            hashing: Which digests to compute on the way.
            progress: Told how many bytes each step read.

        Returns:
            The artefact.

        Raises:
            ArtefactError: It cannot be read, is not a regular file, is too large, or changed.
            UsageError: It is not a file path.
        """
        where = as_path(path)
        descriptor, status = open_regular(where)
        try:
            return cls.read_open(
                descriptor,
                status,
                path=where,
                limits=limits,
                mmap_mode=mmap_mode,
                hashing=hashing,
                progress=progress,
            )
        finally:
            os.close(descriptor)

    @classmethod
    def read_open(
        cls,
        descriptor: int,
        status: os.stat_result,
        *,
        path: Path,
        limits: Limits | None = None,
        mmap_mode: str | None = None,
        hashing: Hashing = Hashing.WHOLE,
        progress: Progress | None = None,
    ) -> Artefact:
        """Read a regular file that is open, from its beginning; otherwise as :meth:`read`.

        Args:
            descriptor: The open file, which stays open.
            status: Its status.
            path: What to call it.
            limits: As for :meth:`read`.
            mmap_mode: As for :meth:`read`.
            hashing: As for :meth:`read`.
            progress: As for :meth:`read`.

        Returns:
            The artefact.

        Raises:
            ArtefactError: It cannot be read, is too large, or changed.
        """
        limits = Limits.of(limits)
        size = status.st_size
        if size > limits.bytes_in:
            raise _too_large(limits)
        try:
            with room_for(size, mmap_mode) as room:
                filled, digests = fill(descriptor, room.buffer, hashing, progress)
                if filled != size or os.read(descriptor, 1):
                    raise ArtefactError(
                        "The file changed size while it was read.",
                        code="changed",
                        hint="Wait until nothing writes to it any more, then try again.",
                    )
                data = room.finished()
        except OSError as error:
            raise _unreadable(path, error) from error
        artefact = cls.holding(data, path=path, version=version_of(status))
        for shard_size, found in digests.items():
            artefact.digests.keep(shard_size, found)
        return artefact

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
            raise no_memory(len(data)) from error
        artefact = cls.holding(data, path=Path(name))
        artefact.digests.keep(0, (digest.hexdigest(),))
        return artefact

    def is_current(self, status: os.stat_result | None = None) -> bool:
        """Whether the path leads to the very file still that was read, unchanged.

        Says nothing about a moment later.

        Args:
            status: The status of the file that the path is taken to lead to.
        """
        if not self.version:
            return False
        try:
            return version_of(self.path.stat() if status is None else status) == self.version
        except OSError:
            return False


def name_of(source: object) -> str | None:
    """What errors call a model that a caller gave.

    Args:
        source: What was given; None for nothing that a model is given as.
    """
    if isinstance(source, Artefact):
        return str(source.path)
    if isinstance(source, BYTES):
        return str(_BYTES)
    if isinstance(source, str | os.PathLike):
        with suppress(UsageError):
            return str(as_path(source, "source"))
        return None
    return _name_of(source) if is_open_file(source) else None


def open_regular(path: Path, *, follow_links: bool = True) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; never wait for what a pipe or a device might say.

    Args:
        path: The file; symbolic links are followed once.
        follow_links: Whether it may be one.

    Returns:
        A file descriptor, which the caller has to close, and the status of the open file.

    Raises:
        ArtefactError: It cannot be opened, or is not a regular file.
    """
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    if not follow_links:
        # Where the system cannot be told so, what was a link just before is not opened.
        if path.is_symlink():
            raise ArtefactError(
                "The path is a link.",
                code="not-regular",
                hint=f"Put the file itself in the place of {path.name!r}.",
            )
        flags |= getattr(os, "O_NOFOLLOW", 0)
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


def version_of(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file from any that takes its place, or is written into it."""
    # Not when its status changed: a backup that links to the file does not make it another one.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _too_large(limits: Limits) -> ArtefactError:
    return ArtefactError(
        f"The file is larger than {limits.bytes_in} bytes.",
        code="too-large",
        hint="If you expect a model of this size, raise the limit bytes_in.",
    )


def _octets(given: bytes | bytearray | memoryview) -> memoryview:
    """The bytes that a caller gave, whatever their type and shape there."""
    try:
        view = memoryview(given)
        # Only a view without gaps, of something in it, and of numbers is one of bytes, too.
        is_plain = view.c_contiguous and view.nbytes and len(view.format) == 1
        return (view if is_plain else memoryview(view.tobytes())).cast("B")
    except (BufferError, TypeError, ValueError) as error:
        raise wrong_value("source", "bytes that can still be read") from error


def _copied(data: memoryview | Memory, mmap_mode: str | None) -> Memory:
    """Copy bytes to where nobody else has a hold of them."""
    with room_for(len(data), mmap_mode) as room:
        with memoryview(room.buffer) as view, memoryview(data) as given:
            view[:] = given
        return room.finished()


def _pieces(file: BinaryIO, progress: Progress | None) -> Iterator[bytes]:
    """What a caller's file gives, piece by piece, to its end."""
    while True:
        try:
            piece = file.read(_CHUNK)
        except Exception as error:  # whatever the object's own method raises
            raise ArtefactError(
                "The file that was given cannot be read.",
                code="unreadable",
                hint="It has to be open for reading, and stay open meanwhile.",
            ) from error
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise wrong_value(
                "source", "a file that is open in binary mode, as by open(path, 'rb')"
            )
        if not piece:
            return
        yield bytes(piece)
        if progress is not None:
            progress(len(piece))


def _name_of(file: BinaryIO) -> str:
    """What a caller's file is called; for people."""
    try:
        name = as_path(file.name).name
    except Exception:  # noqa: BLE001  # whatever the object's own attribute raises
        name = ""
    return str(_FILE) if name in ("", "..") else name
