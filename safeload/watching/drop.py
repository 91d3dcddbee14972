"""What lies in a folder that anybody may write to, and how is a file taken out of their reach?

A file is claimed before it is read: it is renamed into ``.safeload-watch``, a folder in the drop
folder that only we may enter. Its path below is kept, so that whoever comes after a killed run
knows where each file came from. By its name nobody can exchange it there. Whether somebody still
has it open for writing is asked of the kernel by a read lease, which also keeps others from opening
it for writing as long as we hold it. A file system without leases knows nothing of that; there, a
file that changes while it is read is found out by its size and times.

Trust: names, files and folders are hostile and change at any moment. No symbolic link is followed,
and each step of a path is opened by itself, relative to the one before.

Source: fcntl(2), ``F_SETLEASE``; rename(2); openat(2).
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from safeload.errors import UsageError
from safeload.watching.names import is_unfinished
from safeload.writing.drafts import is_private
from safeload.writing.folder import Folder
from safeload.writing.lock import NoLocksError, hold

__all__ = ["CLAIMED", "Drop", "Place", "is_being_written"]

CLAIMED = ".safeload-watch"
# Folders within each other; each of them is open while those below it are listed.
_DEPTH = 32
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dropped file lies.

    Attributes:
        parts: Its path below the drop folder, at least one name.
        claimed: Whether it is out of others' reach.
    """

    parts: tuple[str, ...]
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """An open drop folder, which is ours alone to empty.

    Attributes:
        folder: The folder.
        claims: The folder in it for files that are ours now.
    """

    folder: Folder
    claims: Folder

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Drop]:
        """Open a drop folder for as long as the context lasts.

        Args:
            path: The folder; links are followed, as it is the caller's own path.

        Raises:
            UsageError: There is no such folder, it cannot be written to (``drop-unusable``), or
                another process watches it (``drop-busy``).
        """
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(Folder.opened(path))
                with suppress(FileExistsError):
                    folder.make_folder(CLAIMED)
                claims = stack.enter_context(folder.within(CLAIMED))
                _require_private(claims)
                free = claims.descriptor is None or hold(claims.descriptor)
            except NoLocksError:
                free = True
            except OSError as error:
                raise UsageError(
                    f"The drop folder cannot be used: {error.strerror}.",
                    code="drop-unusable",
                    hint="Give a folder of a file system of this machine that you may write to; "
                    f"{CLAIMED} in it has to be yours.",
                    path=path,
                ) from error
            if not free:
                raise UsageError(
                    "Another process watches this folder.",
                    code="drop-busy",
                    hint="One is enough; end the other one first.",
                    path=path,
                )
            yield cls(folder, claims)

    def top(self, place: Place) -> Folder:
        """The folder that a place is below."""
        return self.claims if place.claimed else self.folder

    @contextmanager
    def parent(self, place: Place) -> Iterator[Folder]:
        """Open the folder that a file lies in, step by step.

        Raises:
            OSError: A step is not a folder any more.
        """
        with ExitStack() as stack:
            folder = self.top(place)
            for part in place.parts[:-1]:
                folder = stack.enter_context(folder.within(part))
            yield folder

    def folders(self, *, claimed: bool) -> Iterator[tuple[tuple[str, ...], Folder]]:
        """All folders, each open until the next one is asked for.

        Args:
            claimed: Whether to list those of claimed files.

        Yields:
            The path of each below the drop folder, and the folder itself.
        """
        yield from _below(self.claims if claimed else self.folder, (), private=claimed)

    def exists(self, place: Place) -> bool:
        """Whether a regular file is there."""
        with suppress(OSError), self.parent(place) as folder:
            return stat.S_ISREG(folder.status(place.parts[-1]).st_mode)
        return False

    def is_readable(self, place: Place) -> bool:
        """Whether a file is there that may be opened."""
        with suppress(OSError), self.reading(place):
            return True
        return False

    @contextmanager
    def reading(self, place: Place) -> Iterator[int]:
        """Open a file, whatever it may be.

        Yields:
            A descriptor.

        Raises:
            OSError: It cannot be opened; a link cannot (``ELOOP``).
        """
        with self.parent(place) as folder:
            descriptor = folder.open(place.parts[-1], _READ)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def claim(self, place: Place) -> Place | None:
        """Take a file out of others' reach.

        Args:
            place: Where it lies.

        Returns:
            Where it lies now; None if another one of that name is not done with.

        Raises:
            OSError: It is gone, or may not be moved.
        """
        with ExitStack() as stack:
            source = stack.enter_context(self.parent(place))
            target = _made(stack, self.claims, place.parts[:-1])
            name = place.parts[-1]
            with suppress(FileNotFoundError):
                target.status(name)
                return None
            source.move(name, target, name)
            target.sync()
        return Place(place.parts, claimed=True)

    def remove(self, place: Place) -> None:
        """Remove a claimed file that is kept elsewhere by now."""
        with self.parent(place) as folder:
            folder.remove(place.parts[-1])
        self._tidy(place.parts)

    def give_back(self, place: Place) -> None:
        """Let a claimed file lie where it was dropped, unless another one does by now.

        Raises:
            OSError: It has to stay where it is.
        """
        name = place.parts[-1]
        with ExitStack() as stack:
            source = stack.enter_context(self.parent(place))
            target = _made(stack, self.folder, place.parts[:-1])
            if stat.S_ISDIR(source.status(name).st_mode):
                # It took the place of a file that was about to be claimed.
                source.move(name, target, name)
            else:
                source.link(name, target, name)
                source.remove(name)
        self._tidy(place.parts)

    def tidy(self) -> None:
        """Remove folders of claimed files that are empty, as killed runs leave them."""
        for parts in reversed([parts for parts, _ in self.folders(claimed=True) if parts]):
            self._tidy((*parts, ""))

    def _tidy(self, parts: tuple[str, ...]) -> None:
        """Remove the folders of a claimed file that are empty."""
        for depth in range(len(parts) - 1, 0, -1):
            place = Place(parts[:depth], claimed=True)
            with suppress(OSError), self.parent(place) as folder:
                folder.remove_folder(parts[depth - 1])
                continue
            return


def is_being_written(descriptor: int) -> bool | None:
    """Whether somebody has a file open for writing; if not, nobody can open it so any more.

    That holds until the descriptor is closed, or for as long as the kernel lets others wait.

    Args:
        descriptor: The file, open for reading.

    Returns:
        None if the file system, or the file's owner, does not let us know.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    return False


def _made(stack: ExitStack, folder: Folder, parts: tuple[str, ...]) -> Folder:
    """Open a folder below another one, and make what is not there of it."""
    for part in parts:
        with suppress(FileExistsError):
            folder.make_folder(part)
        folder = stack.enter_context(folder.within(part))
    return folder


def _below(
    folder: Folder, parts: tuple[str, ...], *, private: bool
) -> Iterator[tuple[tuple[str, ...], Folder]]:
    yield parts, folder
    if len(parts) == _DEPTH:
        return
    with suppress(OSError):
        for name in sorted(folder.names()):
            if is_unfinished(name):
                continue
            # No link is a folder here, and what is gone again is none.
            with suppress(OSError), folder.within(name) as inner:
                if not private or is_private(inner.own_status()):
                    yield from _below(inner, (*parts, name), private=private)


def _require_private(folder: Folder) -> None:
    if not is_private(folder.own_status()):
        raise UsageError(
            f"{CLAIMED} in the drop folder belongs to somebody else, or others may enter it.",
            code="drop-claimed",
            hint="Whoever made it is not to be trusted; remove it.",
            path=folder.path,
        )
