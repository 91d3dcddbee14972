"""Calls of the C library that Python lacks, for a process that confines itself. POSIX only."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

__all__ = ["libc", "prctl"]


@cache
def libc() -> Any:
    """The C library of this process; its ``errno`` is ``ctypes.get_errno()``."""
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: Any) -> int:
    """Change or ask something about this process.

    Args:
        option: A ``PR_`` number.
        *arguments: Up to four numbers or pointers.

    Returns:
        What the call returns; -1 where it fails.

    Source: prctl(2), which wants the arguments that are not used to be zero.
    """
    given = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    zeros = [ctypes.c_ulong(0)] * (4 - len(given))
    return int(libc().prctl(option, *given, *zeros))
