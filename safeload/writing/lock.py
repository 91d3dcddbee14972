"""One writer at a time in a folder: a lock that no crash leaves behind.

Whoever writes to a folder holds a lock on the file ``.safeload-lock`` in it. The kernel gives the
lock up when its holder ends, however it ends; the holder removes the file before that, and the
next one removes a file that a killed holder left. Threads of one process take turns before.

Only who may write to the folder can open the file, so nobody else can hold the lock; and who waits
gives up after a while. Readers take no lock.

Where a file system has no locks (some network and user-space file systems), writers of several
processes are not kept apart, and nothing is swept.

Trust: whoever may write to the folder may hold the lock, or put something else in its place.

Source: flock(2); ``msvcrt.locking`` on Windows.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from safeload.errors import UsageError, printable
from safeload.forks import Lock
from safeload.writing.folder import Folder

__all__ = ["LOCK", "NoLocksError", "hold", "locked", "release"]

LOCK = ".safeload-lock"

# Longer than publishing a model takes on a slow disk, shorter than anybody waits for a command.
_SECONDS = 30.0
_PAUSE = 0.02
_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_OPEN = os.O_RDWR | getattr(os, "O_NONBLOCK", 0)
# Who may write to the folder: what its mode grants to the group and to others.
_GROUP = (stat.S_IWGRP, 0o060)
_OTHERS = (stat.S_IWOTH, 0o006)

# The folders that threads of a process are writing to, by device and number, and that process: a
# fork takes none of the threads along that would give a folder back.
_taken: dict[tuple[int, int], int] = {}
_GUARD = Lock()


class NoLocksError(OSError):
    """The file system has no locks."""


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _give_back(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give_back(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def hold(descriptor: int) -> bool:
    """Lock an open file until it is closed or released, without waiting.

    Args:
        descriptor: The open file.

    Returns:
        False if somebody else holds the lock.

    Raises:
        NoLocksError: The file system has none.
    """
    try:
        _take(descriptor)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if error.errno in _NO_LOCKS:
            raise NoLocksError(error.errno, error.strerror) from error
        raise
    return True


def release(descriptor: int) -> None:
    """Give a lock back and close the file.

    Closing alone would not do: a child that was forked meanwhile has the file open as well.
    """
    with suppress(OSError):
        _give_back(descriptor)
    os.close(descriptor)


@contextmanager
def locked(folder: Folder) -> Iterator[bool]:
    """Keep other writers out of a folder.

    Args:
        folder: The folder.

    Yields:
        Whether other processes are kept out, too; False where the file system has no locks.

    Raises:
        UsageError: Another writer did not finish (``folder-busy``).
        OSError: The folder cannot be written to.
    """
    patience = _Patience(folder)
    with _turn(folder, patience):
        descriptor = _lock_file(folder, patience)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                try:
                    _remove(folder, descriptor)
                finally:
                    release(descriptor)
                if sys.platform == "win32":  # pragma: no cover
                    # Only a file that nobody has open can be removed: neither we nor who waits.
                    with suppress(OSError):
                        folder.remove(LOCK)


@contextmanager
def _turn(folder: Folder, patience: _Patience) -> Iterator[None]:
    """Keep other threads of this process out; not every system's locks do."""
    status = folder.own_status()
    key = status.st_dev, status.st_ino
    while not _take_turn(key):
        patience.wait(lambda: "another thread of this process")
    try:
        yield
    finally:
        with _GUARD:
            _taken.pop(key, None)


def _take_turn(key: tuple[int, int]) -> bool:
    with _GUARD:
        if _taken.get(key) == os.getpid():
            return False
        _taken[key] = os.getpid()
        return True


class _Patience:
    """How long a writer waits for another one."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._end = time.monotonic() + _SECONDS

    def wait(self, who: Callable[[], str]) -> None:
        """Wait for a moment.

        Args:
            who: Says who holds the lock.

        Raises:
            UsageError: It has been long enough (``folder-busy``).
        """
        if time.monotonic() >= self._end:
            where = printable(os.fspath(self._folder.path / LOCK), limit=300)
            raise UsageError(
                f"The folder is being written to by {who()}, which does not finish.",
                code="folder-busy",
                hint=f"Try again when it has ended; if nothing writes there, remove {where!r}.",
            )
        time.sleep(_PAUSE)


def _lock_file(folder: Folder, patience: _Patience) -> int | None:
    """The lock file, held by us, or None where there are no locks."""
    while True:
        descriptor, ours = _open(folder)
        if descriptor is None:
            patience.wait(lambda: _holder(folder))
            continue
        try:
            held = hold(descriptor)
            if held and not ours:
                # Whoever made it was killed. The next one has a file that says its own name, unless
                # the folder's mode lets nobody but its owner remove this one.
                _remove(folder, descriptor)
            if held and folder.is_same(LOCK, descriptor):
                return descriptor
        except NoLocksError:
            _remove(folder, descriptor)
            release(descriptor)
            return None
        except BaseException:
            if ours:
                _remove(folder, descriptor)
            release(descriptor)
            raise
        release(descriptor)
        if not held:
            patience.wait(lambda: _holder(folder))


def _open(folder: Folder) -> tuple[int | None, bool]:
    """The lock file and whether it was made by us; None if it is not there for us to open."""
    try:
        descriptor = folder.open(LOCK, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        try:
            _sign(folder, descriptor)
        except BaseException:
            _remove(folder, descriptor)
            os.close(descriptor)
            raise
        return descriptor, True
    try:
        descriptor = folder.open(LOCK, _OPEN)
    except (FileNotFoundError, PermissionError):
        return None, False
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"{LOCK} is not a regular file")
    return descriptor, False


def _sign(folder: Folder, descriptor: int) -> None:
    """Say who holds the lock, and let those open the file who may write to the folder."""
    os.write(descriptor, f"{os.getpid()} on {socket.gethostname()[:100]}".encode())
    status = folder.own_status()
    mode = 0o600
    for may_write, granted in (_GROUP, _OTHERS):
        if status.st_mode & may_write:
            mode |= granted
    if sys.platform == "win32":
        return
    # Where owners and modes are made up, nobody is kept out of the file anyway.
    if mode != 0o600:
        with suppress(OSError):
            os.fchown(descriptor, -1, status.st_gid)
        with suppress(OSError):
            os.fchmod(descriptor, mode)
    if status.st_uid != os.geteuid():
        # Otherwise what root leaves when it is killed would keep the owner out for good.
        with suppress(OSError):
            os.fchown(descriptor, status.st_uid, -1)


def _remove(folder: Folder, descriptor: int) -> None:
    """Remove the lock file that we hold, and no other."""
    with suppress(OSError):
        if folder.is_same(LOCK, descriptor):
            folder.remove(LOCK)


def _holder(folder: Folder) -> str:
    """What the lock file says about who holds the lock."""
    try:
        owner = f"user {folder.status(LOCK).st_uid}"
        descriptor = folder.open(LOCK, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return "another process"
    except OSError:
        return f"a process of {owner}"
    try:
        text = printable(os.read(descriptor, 120).decode("ascii", "replace"))
    except OSError:
        text = "?"
    finally:
        os.close(descriptor)
    return f"process {text} of {owner}"
