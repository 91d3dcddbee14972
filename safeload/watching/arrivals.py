"""Which files have been completely written, or moved in, since the last time? The kernel says so.

Trust: names are hostile; folders are watched as they were opened, whatever lies at their path now.

Source: inotify(7).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import ModuleType, TracebackType
from typing import Any, Self

from safeload.errors import SafeloadError, UsageError
from safeload.watching.drop import Place
from safeload.writing.folder import Folder

__all__ = ["Arrivals", "Batch"]

# Milliseconds between two looks at whether the process was asked to end.
_PAUSE = 1_000


@dataclass(slots=True)
class Batch:
    """What happened.

    Attributes:
        files: Files in the order in which they came, and whether each was written and closed, or
            moved in; one that only got its name may be written to still.
        folders: Whether there may be files that nobody told of: folders came or went, or too much
            happened at once.
    """

    files: dict[Place, bool] = field(default_factory=dict)
    folders: bool = False


class Arrivals:
    """The folders that are watched.

    Raises:
        UsageError: What watches is not installed (``extra-missing``), or there is no such thing
            on this system (``watch-unknown``).
    """

    def __init__(self) -> None:
        self._library = _library()
        try:
            self._inotify: Any = self._library.INotify()
        except OSError as error:
            raise _cannot_watch(error) from error
        self._watched: dict[int, Place] = {}
        flags = self._library.flags
        self._mask = (
            flags.CLOSE_WRITE
            | flags.CREATE
            | flags.MOVED_TO
            | flags.MOVED_FROM
            | flags.DELETE_SELF
            | flags.MOVE_SELF
            | flags.ONLYDIR
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inotify.close()

    def watch(self, folder: Folder, parts: tuple[str, ...], *, claimed: bool) -> None:
        """Watch a folder; once more is not an error.

        Args:
            folder: The open folder.
            parts: Its path below the drop folder.
            claimed: Whether it is one of claimed files.

        Raises:
            SafeloadError: The kernel watches no more folders (``watch-failed``).
        """
        try:
            number = self._inotify.add_watch(f"/proc/self/fd/{folder.descriptor}", self._mask)
        except OSError as error:
            raise _cannot_watch(error) from error
        self._watched[number] = Place(parts, claimed)

    def wait(self) -> Batch:
        """What has happened, or nothing after a while.

        Raises:
            SafeloadError: The drop folder itself is gone (``drop-gone``).
        """
        flags = self._library.flags
        batch = Batch()
        for event in self._inotify.read(timeout=_PAUSE):
            if event.mask & flags.Q_OVERFLOW:
                batch.folders = True
                continue
            watched = self._watched.get(event.wd)
            if watched is None:
                continue
            if event.mask & (flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT | flags.IGNORED):
                if event.mask & flags.IGNORED:
                    del self._watched[event.wd]
                if not watched.parts:
                    raise SafeloadError(
                        "The drop folder is not where it was.",
                        code="drop-gone",
                        hint="Whatever was not taken from it by then lies where it is now.",
                    )
                batch.folders = True
            elif event.mask & flags.ISDIR:
                batch.folders = True
            elif not event.mask & flags.MOVED_FROM:
                place = Place((*watched.parts, event.name), watched.claimed)
                closed = not event.mask & flags.CREATE
                batch.files[place] = closed or batch.files.get(place, False)
        return batch

    @contextmanager
    def anew(self) -> Iterator[None]:
        """Watch nothing but what is watched before the context ends."""
        before = set(self._watched)
        self._watched.clear()
        yield
        for number in before - self._watched.keys():
            # A folder that is gone has taken its watch along.
            with suppress(OSError):
                self._inotify.rm_watch(number)


def _library() -> ModuleType:
    try:
        import inotify_simple
    except ImportError as error:
        raise UsageError(
            "What watches a folder is not installed: inotify-simple, on Linux alone.",
            code="extra-missing",
            hint="pip install 'safeload[watch]'; elsewhere, 'safeload watch --once' now and then "
            "does the same.",
        ) from error
    module: ModuleType = inotify_simple
    return module


def _cannot_watch(error: OSError) -> SafeloadError:
    return SafeloadError(
        f"The kernel does not watch the folder: {error.strerror}.",
        code="watch-failed",
        hint="It watches so many folders for each user: raise fs.inotify.max_user_watches or "
        "fs.inotify.max_user_instances, or drop fewer folders.",
    )
