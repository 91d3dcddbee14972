"""A small file becomes its bytes and the status of the very file that they came from.

Bundles, keys and trust files are opened once; their owner and mode are asked of the open file, so
that what was judged is what was read.

Trust: the path may lead anywhere, to a FIFO or a device too; what comes back is bounded. Whether
the owner and mode will do is for the caller to say.

Source: OpenSSH, ``auth_secure_path`` (who else could have written this file).
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["has_place", "others_may_write", "read_small"]

_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for a writer
    | getattr(os, "O_BINARY", 0)
)
_CHUNK = 1 << 16
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


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
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        data = bytearray()
        # Whatever size the file says it has, no more is asked for than tells that it is too large.
        while status.st_size <= limit and (
            chunk := os.read(descriptor, min(limit - len(data) + 1, _CHUNK))
        ):
            data += chunk
            if len(data) > limit:
                break
        if max(status.st_size, len(data)) > limit:
            raise OSError(errno.EFBIG, f"Larger than {limit} bytes")
    finally:
        os.close(descriptor)
    return bytes(data), status


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


def others_may_write(path: Path, status: os.stat_result) -> str:
    """Say how somebody else could have put these bytes there (POSIX only).

    The file must belong to us or to root and be writable by its owner alone; and nobody else may
    be able to put another file in its place, so its directory is judged too. Group write access
    to the directory is common (a user's own group, a volume's group in a container) and allowed.
    A read-only file system (as a mounted Kubernetes volume, whose directory has mode 0777) cannot
    be written whatever its modes say.

    Args:
        path: Where the file was opened.
        status: Status of the open file.

    Returns:
        What is wrong, as the end of a sentence, or an empty string.
    """
    if os.name != "posix":
        return ""
    if status.st_uid not in {0, os.geteuid()}:
        return f"belongs to user {status.st_uid}, who is neither you nor root"
    if status.st_mode & _WRITABLE_BY_OTHERS:
        return f"has mode {stat.S_IMODE(status.st_mode):04o}: its group or others may write to it"
    for folder in {path.parent, path.resolve().parent} if path.is_symlink() else {path.parent}:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            if os.statvfs(folder).f_flag & os.ST_RDONLY:
                continue
            return "lies in a directory in which anybody may replace it"
    return ""
