"""A small file becomes its bytes, and bytes become a file that is whole or not there.

Trust: the path may lead anywhere, to a FIFO or a device too; what comes back is bounded. Files
whose owner and mode matter are read by :func:`safeload.owners.reading.read_own` instead.

Source: open(2), rename(2).
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from safeload.owners.reading import read_open

__all__ = ["read_small"]

_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for a writer
    | getattr(os, "O_BINARY", 0)
)


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
