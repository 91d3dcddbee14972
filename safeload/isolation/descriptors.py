"""Whose is a descriptor? A program may close any, and open another file under its number.

Daemons do both: they are started without standard input and output, or close all that is open.

Trust: not applicable; it is about the caller's own files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from typing import IO

__all__ = ["Pipe", "close_own", "identity", "standard_taken"]

Pipe = IO[bytes] | FileIO

# The first descriptor that is neither standard input nor output.
_FIRST = 3
# Pipes that somebody else has closed. Python would close the number again when it frees them.
_GONE: list[Pipe] = []


@contextmanager
def standard_taken() -> Iterator[None]:
    """Have nothing that is opened become standard input or output, where those are closed."""
    taken: list[int] = []
    try:
        with suppress(OSError):
            while (descriptor := os.open(os.devnull, os.O_RDWR)) < _FIRST:
                taken.append(descriptor)
            os.close(descriptor)
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)


def identity(pipe: Pipe) -> tuple[int, int] | None:
    """What tells a pipe from another file that has its number; None where it is closed."""
    try:
        status = os.fstat(pipe.fileno())
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def close_own(pipe: Pipe, known: tuple[int, int] | None) -> None:
    """Close a pipe, and no other file.

    Args:
        pipe: The pipe.
        known: Its identity when it was opened.
    """
    if pipe.closed or identity(pipe) == known:
        pipe.close()
    else:
        _GONE.append(pipe)
