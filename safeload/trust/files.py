"""A small file becomes its bytes, and bytes become a file that is whole or not there.

Trust: the path may lead anywhere, to a FIFO or a device too; what comes back is bounded. Files
whose owner and mode matter are read by :func:`safeload.owners.reading.read_own` instead.

Source: open(2), rename(2).
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from safeload.owners.reading import read_open

__all__ = ["has_place", "read_small", "replace_file", "write_new"]

_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for a writer
    | getattr(os, "O_BINARY", 0)
)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read_small(path: Path, *, limit: int) -> tuple[bytes, os.stat_result]:
    """Read a regular file of bounded size.

    Args:
        path: The file; symbolic links are followed by the one open.
        limit: Size at most, bytes.

    Returns:
        The bytes, and the status of the open file.

    Raises:
        OSError: The file cannot be read, is not a regular file (``EINVAL``) or is larger than
            the limit (``EFBIG``).
    """
    try:
        descriptor = os.open(path, _READ)
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise OSError(errno.EINVAL, "Not a path") from error
    try:
        return read_open(descriptor, limit), os.fstat(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes, *, mode: int) -> None:
    """Create a file and write it through to the disk; never touch one that exists.

    Args:
        path: Where nothing is yet, not even a symbolic link.
        data: Its content.
        mode: Its permission bits, lessened by the umask.

    Raises:
        OSError: Something is there already (``EEXIST``), or the file cannot be written; then
            nothing is left behind.
    """
    try:
        descriptor = os.open(path, _CREATE, mode)
    except ValueError as error:
        raise OSError(errno.EINVAL, "Not a path") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def has_place(path: Path) -> bool:
    """Whether there is a folder for a file, and no folder in its place.

    Args:
        path: Where the file is to be written.

    Returns:
        False where it is plain that it cannot be written.
    """
    try:
        return path.parent.is_dir() and not path.is_dir()
    except OSError:
        return False


def replace_file(path: Path, data: bytes, *, mode: int, follow: bool = False) -> None:
    """Put a file in place of another at once, or where none is, with its directory if need be.

    Args:
        path: The file.
        data: Its content.
        mode: Its permission bits.
        follow: Whether to follow a symbolic link instead of replacing it. In a directory that
            others may write to, it would lead to a file of their choice.

    Raises:
        OSError: It cannot be written; then the old file is as it was.
    """
    if follow:
        path = Path(os.path.realpath(path))
    # Short, because the name of the file may be as long as names can be.
    new = path.with_name(f".safeload-{secrets.token_hex(8)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(new, data, mode=0o600)
    try:
        new.chmod(mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
