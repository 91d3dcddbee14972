"""Where a file lies before it has its name, and how what a killed run left there is removed.

A run makes a folder ``.safeload-<16 hex digits>`` beside what it writes, which nobody else may
enter, and holds a lock on a file in it until it is done. A draft whose lock is free is that of a
killed run, and the next run in the same folder removes it. Drafts are made and swept by whoever
holds the lock of the folder, so that none is seen before its own lock is held.

Trust: whoever may write to the folder can name anything as a draft is named. Only folders of our
own are looked into, links are not followed, and of what lies in them only files with the names of
drafts' parts are removed; nobody else could have put those there.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from safeload.writing.folder import Folder
from safeload.writing.lock import NoLocksError, hold, release

__all__ = ["PART", "check_name", "draft", "is_private", "numbered", "sweep"]

# What all files of ours are called while they are not finished.
_RESERVED = ".safeload-"
PART = ".safeload-part-"
_NUMBERED = f"{PART}new-"
_ALIVE = ".safeload-alive"
_DRAFT = re.compile(r"\.safeload-[0-9a-f]{16}")
_OPEN = os.O_RDWR | getattr(os, "O_NONBLOCK", 0)


def check_name(name: str) -> None:
    """Refuse to write a file that would pass for an unfinished one, or has no name.

    Raises:
        OSError: Its name begins as those of drafts do, or is none.
    """
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise OSError(errno.EINVAL, "Not the name of a file")
    if name.startswith(_RESERVED):
        raise OSError(errno.EINVAL, f"Names that begin with {_RESERVED} are reserved")


def numbered(number: int) -> str:
    """The name in a draft of one of several files that get their names together."""
    return f"{_NUMBERED}{number}"


@contextmanager
def draft(folder: Folder) -> Iterator[Folder]:
    """Make a draft; to be called by whoever holds the folder's lock.

    Args:
        folder: Where the finished files will lie.

    Yields:
        A folder of our own, which is removed at the end with all parts that are still in it.
    """
    name = f".safeload-{secrets.token_hex(8)}"
    folder.make_folder(name)
    try:
        with folder.within(name) as inner:
            alive = inner.open(_ALIVE, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with suppress(NoLocksError):
                    hold(alive)
                yield inner
            finally:
                try:
                    _remove_parts(inner)
                finally:
                    # Not every system removes a file that is open.
                    release(alive)
                with suppress(OSError):
                    inner.remove(_ALIVE)
    finally:
        with suppress(OSError):
            folder.remove_folder(name)


def sweep(folder: Folder) -> None:
    """Remove the drafts of killed runs; to be called by whoever holds the folder's lock.

    What cannot be removed stays, which is no reason not to write.

    Args:
        folder: Where drafts may lie.
    """
    try:
        names = folder.names()
    except OSError:
        return
    for name in names:
        if _DRAFT.fullmatch(name):
            with suppress(OSError):
                _sweep(folder, name)


def _sweep(folder: Folder, name: str) -> None:
    with folder.within(name) as inner:
        if not is_private(inner.own_status()):
            return
        try:
            alive = inner.open(_ALIVE, _OPEN)
        except FileNotFoundError:
            # Killed before it was there, or after it was removed.
            alive = None
        try:
            if alive is not None and not hold(alive):
                return
            _take_back(folder, inner)
            _remove_parts(inner)
        finally:
            if alive is not None:
                release(alive)
        with suppress(FileNotFoundError):
            inner.remove(_ALIVE)
    folder.remove_folder(name)


def is_private(status: os.stat_result) -> bool:
    """Whether a folder is ours, and nobody else can have put anything into it."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _take_back(folder: Folder, inner: Folder) -> None:
    """Remove what has its name already of files that were to get their names together.

    They got them in order, so all have theirs if the last one has.
    """
    parts = sorted(
        (name for name in inner.names() if name.startswith(_NUMBERED)),
        key=lambda name: (len(name), name),
    )
    statuses = [inner.status(name) for name in parts]
    if not statuses or statuses[-1].st_nlink > 1:
        return
    for status in statuses:
        if status.st_nlink > 1:
            for name in folder.names():
                with suppress(OSError):
                    if os.path.samestat(folder.status(name), status):
                        folder.remove(name)


def _remove_parts(inner: Folder) -> None:
    with suppress(OSError):
        for name in inner.names():
            if name.startswith(PART):
                with suppress(OSError):
                    inner.remove(name)
