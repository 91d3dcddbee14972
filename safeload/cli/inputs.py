"""What is in a small file that an option names? A pipe is read only if the caller opened it for us.

A shell's ``<(command)`` and ``/dev/stdin`` are such pipes: somebody is at their other end. A pipe
that merely lies in a folder may never say anything, and a device never ends; neither is read.

Trust: the path is the user's own.
"""

from __future__ import annotations

import errno
import os

from safeload.arguments import as_path
from safeload.cli.opened import descriptor_of
from safeload.trust.files import read_small

__all__ = ["read_input"]

_CHUNK = 1 << 16


def read_input(text: str, option: str, *, limit: int) -> bytes:
    """Read all of a file.

    Args:
        text: The path that the user gave.
        option: The option that it was given for, without its dashes.
        limit: Size at most, bytes.

    Returns:
        Its content.

    Raises:
        OSError: It cannot be read, is neither a regular file nor open already, or is larger.
        UsageError: It is not a file path.
    """
    opened = descriptor_of(text)
    if opened is None:
        return read_small(as_path(text, option), limit=limit)[0]
    data = bytearray()
    with os.fdopen(os.dup(opened), "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            data += chunk
            if len(data) > limit:
                raise OSError(errno.EFBIG, f"Larger than {limit} bytes")
    return bytes(data)
