"""A path becomes the folders, links and file that it leads through, each of them open.

Every name is looked up in the folder that was opened before it, and links are resolved here, not
by the kernel: what is judged is what the next name is looked up in, whatever is renamed meanwhile.

Trust: the path may lead anywhere. Nothing is opened that waits or acts when opened.

Source: path_resolution(7), openat(2); OpenSSH's ``safe_path`` looks at paths where this looks at
descriptors.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["Kind", "Step", "walk"]

# As many links as Linux follows.
_LINKS = 40
_COMMON = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
# Where there is O_PATH, a folder need not be readable for that.
_FOLDER = _COMMON | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = _COMMON | os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class Kind(StrEnum):
    """What a step of a path is."""

    FOLDER = "folder"
    LINK = "link"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Step:
    """A folder, a link, or the file at the end.

    Attributes:
        path: Its absolute path, without links in it.
        kind: What it is.
        status: Its own status; of a folder and a file, that of the open one.
        descriptor: The open folder or file; of a link, the folder that it lies in. Open until the
            next step is asked for.
        folder: The folder that it lies in; None for the root.
        leads_to: What a link says.
    """

    path: str
    kind: Kind
    status: os.stat_result
    descriptor: int
    folder: Step | None = None
    leads_to: str = ""


def walk(path: str) -> Generator[Step, None, None]:
    """Go the way of a path, from the root of all folders to a file.

    Of a relative path the way begins at the root too, for whoever may rename a folder above the
    current one decides what is found. Folders there that we may not enter are left out: they are
    not on the way that the kernel takes.

    Args:
        path: Absolute, or relative to the current folder.

    Yields:
        The steps, with every link followed by the steps of what it leads to.

    Raises:
        OSError: A step is missing or may not be taken, the path ends in something else than a
            regular file (``EINVAL``), or a folder was moved meanwhile (``ESTALE``).
    """
    try:
        if path.startswith("/"):
            yield from _walk("/", _names(path))
            return
        here = Path.cwd()
        if _may_be_entered(here):
            yield from _walk("/", _names(path) + _names(str(here)))
        else:
            yield from _walk(str(here), _names(path))
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise OSError(errno.EINVAL, "Not a path") from error


def _walk(start: str, names: list[str]) -> Generator[Step, None, None]:
    """Go from a folder by names, of which the last is the first to look up."""
    links = 0
    descriptor = os.open("/" if start == "/" else ".", _FOLDER)
    try:
        folder = Step(start, Kind.FOLDER, os.fstat(descriptor), descriptor)
        yield folder
        while names:
            name = names.pop()
            if name == ".":
                continue
            if name == "..":
                descriptor, folder = _upwards(descriptor, folder)
                continue
            where = f"{folder.path.rstrip('/')}/{name}"
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                # Nobody who may not write to the folder can put another link here in between.
                text = os.readlink(name, dir_fd=descriptor)
                yield Step(where, Kind.LINK, status, descriptor, folder, text)
                links += 1
                if links > _LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                names += _names(text)
                if text.startswith("/"):
                    descriptor = _replaced(descriptor, os.open("/", _FOLDER))
                    folder = Step("/", Kind.FOLDER, os.fstat(descriptor), descriptor)
                    yield folder
            elif names or stat.S_ISDIR(status.st_mode):
                descriptor = _replaced(descriptor, os.open(name, _FOLDER, dir_fd=descriptor))
                folder = Step(where, Kind.FOLDER, os.fstat(descriptor), descriptor, folder)
                yield folder
            else:
                yield from _file(where, name, status, descriptor, folder)
                return
        raise _no_regular_file()
    finally:
        os.close(descriptor)


def _file(
    where: str, name: str, status: os.stat_result, descriptor: int, folder: Step
) -> Generator[Step, None, None]:
    # Opening a device can do something, so what is none is not even opened.
    if not stat.S_ISREG(status.st_mode):
        raise _no_regular_file()
    opened = os.open(name, _FILE, dir_fd=descriptor)
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            raise _no_regular_file()
        yield Step(where, Kind.FILE, status, opened, folder)
    finally:
        os.close(opened)


def _upwards(descriptor: int, folder: Step) -> tuple[int, Step]:
    """The folder above, which is the one that was come through, or the walk ends."""
    above = folder.folder
    if above is None:
        if folder.path == "/":
            return descriptor, folder
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    opened = os.open("..", _FOLDER, dir_fd=descriptor)
    if not os.path.samestat(os.fstat(opened), above.status):
        os.close(opened)
        raise OSError(errno.ESTALE, "A folder was moved meanwhile")
    return _replaced(descriptor, opened), above


def _replaced(old: int, new: int) -> int:
    os.close(old)
    return new


def _names(path: str) -> list[str]:
    """The names of a path, of which the last is the first."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    # What ends so has to be a folder.
    if path.endswith(("/", "/.")):
        names.append(".")
    return names[::-1]


def _may_be_entered(folder: Path) -> bool:
    """Whether the current folder can be come to by its path."""
    try:
        folder.stat()
    except PermissionError:
        return False
    return True


def _no_regular_file() -> OSError:
    return OSError(errno.EINVAL, "Not a regular file")
