"""Bytes become files of a name: new ones, or in the place of others, at once.

At every moment, and whenever the run or the machine ends, a reader finds the old file or the new
one, whole. What replaces a file keeps its permission bits, and its owner and group where we may
give it away; access control lists and labels are those of a new file.

Trust: others may write to the folder at the same time; they cannot have us write elsewhere.

Source: rename(2), link(2), fsync(2).
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from safeload.writing.drafts import PART, check_name, draft, numbered, sweep
from safeload.writing.folder import Folder
from safeload.writing.lock import locked

__all__ = [
    "NewFile",
    "exchange",
    "keep_rights",
    "put",
    "replace_file",
    "require_replaceable",
    "tidy",
    "write_new",
    "write_together",
    "writing",
]

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
_PERMISSIONS = 0o777
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_GROUP = 0o070


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be.

    Attributes:
        name: Its name in the folder.
        data: Its content.
        mode: Its permission bits, lessened by the umask.
    """

    name: str
    data: bytes | memoryview = field(repr=False)
    mode: int


@contextmanager
def writing(path: Path) -> Iterator[Folder]:
    """Open a folder for writing: others wait, and what killed runs left is swept.

    Args:
        path: The folder.

    Raises:
        UsageError: Another writer does not finish (``folder-busy``).
        OSError: The folder cannot be written to.
    """
    with Folder.opened(path) as folder, locked(folder) as alone:
        if alone:
            sweep(folder)
        yield folder


def tidy(path: Path) -> None:
    """Sweep what killed runs left in a folder, if that can be done.

    Args:
        path: The folder.

    Raises:
        UsageError: Another writer does not finish (``folder-busy``).
    """
    with suppress(OSError), writing(path):
        pass


def write_new(path: Path, data: bytes, *, mode: int) -> None:
    """Create a file and write it through to the disk; never touch one that exists.

    Args:
        path: Where nothing is yet, not even a symbolic link.
        data: Its content.
        mode: Its permission bits, lessened by the umask.

    Raises:
        UsageError: Another writer does not finish (``folder-busy``).
        OSError: Something is there already (``EEXIST``), or the file cannot be written; then
            nothing is left behind.
    """
    write_together(path.parent, [NewFile(path.name, data, mode)])


def write_together(path: Path, files: list[NewFile]) -> None:
    """Create several files or none of them.

    They get their names one after the other. If the run is killed in between, the next one that
    writes to the folder removes those that have theirs; so a reader has to look for the last.

    Args:
        path: The folder of all.
        files: What to write.

    Raises:
        UsageError: Another writer does not finish (``folder-busy``).
        OSError: One is there already (``EEXIST``), or cannot be written; then nothing is left
            behind.
    """
    for file in files:
        check_name(file.name)
    with writing(path) as folder, draft(folder) as inner, ExitStack() as undo:
        for number, file in enumerate(files):
            inner.write(numbered(number), file.data, mode=file.mode)
        for number, file in enumerate(files):
            _name(inner, numbered(number), folder, file, undo)
        folder.sync()
        undo.pop_all()


def _name(inner: Folder, part: str, folder: Folder, file: NewFile, undo: ExitStack) -> None:
    # Whatever interrupts this, the way back is known before the step is taken.
    undo.callback(_take_name, inner, part, folder, file.name)
    try:
        inner.link(part, folder, file.name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # There are file systems without links. There, a killed run can leave a part of a file.
        try:
            folder.write(file.name, file.data, mode=file.mode)
        except FileExistsError:
            raise
        except BaseException:
            with suppress(OSError):
                folder.remove(file.name)
            raise
        undo.callback(folder.remove, file.name)


def _take_name(inner: Folder, part: str, folder: Folder, name: str) -> None:
    with suppress(FileNotFoundError):
        if os.path.samestat(inner.status(part), folder.status(name)):
            folder.remove(name)


def replace_file(path: Path, data: bytes, *, mode: int, follow: bool = False) -> None:
    """Put a file in place of another at once, or where none is, with its directory if need be.

    Args:
        path: The file.
        data: Its content.
        mode: The permission bits of a new file, lessened by the umask.
        follow: Whether to follow a symbolic link instead of replacing it. In a directory that
            others may write to, it would lead to a file of their choice.

    Raises:
        UsageError: Another writer does not finish (``folder-busy``).
        OSError: It cannot be written; then the old file is as it was.
    """
    if follow:
        path = Path(os.path.realpath(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with writing(path.parent) as folder:
        put(folder, NewFile(path.name, data, mode))


def put(folder: Folder, file: NewFile) -> None:
    """Put a file in place of another at once; to be called by whoever holds the folder's lock.

    Args:
        folder: The folder.
        file: The file; its mode is that of a new one.

    Raises:
        OSError: It cannot be written; then the old file is as it was.
    """
    check_name(file.name)
    with draft(folder) as inner, ExitStack() as undo:
        part = f"{PART}file"
        inner.write(part, file.data, mode=file.mode)
        keep_rights(folder, file.name, inner, part)
        exchange(inner, part, folder, file.name, undo)
        folder.sync()
        undo.pop_all()


def exchange(inner: Folder, part: str, folder: Folder, name: str, undo: ExitStack) -> None:
    """Put a part of a draft in place of a file, if there is one, in such a way that it can go back.

    Args:
        inner: The draft.
        part: The new file.
        folder: Where the file is to be.
        name: Its name there.
        undo: Is told how to bring the old state back.

    Raises:
        OSError: It cannot be put there; then the old file is as it was.
    """
    require_replaceable(folder, name)
    before = f"{part}-before"
    there = _keep(folder, name, inner, before)
    # Whatever interrupts this, the way back is known before the step is taken.
    undo.callback(_move_back, inner, part, folder, name, before if there else None)
    inner.move(part, folder, name)


def _move_back(inner: Folder, part: str, folder: Folder, name: str, before: str | None) -> None:
    if part in inner.names():
        return
    if before is not None:
        inner.move(before, folder, name)
    else:
        folder.remove(name)


def require_replaceable(folder: Folder, name: str) -> None:
    """Require that a regular file, a link or nothing is there: a device is never replaced.

    Args:
        folder: Where a file is to be put.
        name: Its name there.

    Raises:
        OSError: Something else is there (``EINVAL``), or nobody can say what.
    """
    try:
        mode = folder.status(name).st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise OSError(errno.EINVAL, "Not a regular file")


def _keep(folder: Folder, name: str, inner: Folder, before: str) -> bool:
    """Keep a file in a draft under a second name, if there is one."""
    try:
        folder.link(name, inner, before)
    except FileNotFoundError:
        return False
    except OSError:
        # There are file systems without links, and files that one may not link to.
        with (
            os.fdopen(folder.open(name, _READ), "rb") as old,
            os.fdopen(inner.open(before, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as copy,
        ):
            shutil.copyfileobj(old, copy)
        keep_rights(folder, name, inner, before)
    return True


def keep_rights(folder: Folder, name: str, inner: Folder, part: str) -> None:
    """Give a part of a draft the permission bits of the file that it will replace, if there is one.

    Args:
        folder: Where the file is.
        name: The file that will be replaced.
        inner: The draft.
        part: What will replace it.

    Raises:
        OSError: They cannot be given.
    """
    try:
        old, mode = folder.status(name), folder.status(name, follow=True).st_mode & _PERMISSIONS
    except OSError:
        # There is none, or a link that leads nowhere.
        return
    if sys.platform == "win32":
        return
    descriptor = inner.open(part, os.O_RDONLY)
    try:
        new = os.fstat(descriptor)
        # What a link leads to is no word on whose the file is that replaces the link.
        if stat.S_ISREG(old.st_mode) and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            with suppress(OSError):
                os.fchown(descriptor, -1, old.st_gid)
            with suppress(OSError):
                os.fchown(descriptor, old.st_uid, -1)
            if os.fstat(descriptor).st_gid != old.st_gid:
                # Another group than before has no more rights than everybody.
                mode = mode & ~_GROUP | (mode & 0o007) << 3
        # On a disk whose modes are made up all files have the same, and none can be given one.
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
