"""Would it end this process to give something up? A filter of somebody else's may already hold it.

Service managers and container engines let a service make the system calls of a list. Most refuse
every other; systemd's ``SystemCallFilter=`` by default ends whoever makes one, and calls that build
namespaces are on few lists. So a child tries first, where there is a filter at all.

Trust: it takes place before anything hostile arrives.
Source: prctl(2) (``PR_GET_SECCOMP``), seccomp(2), systemd.exec(5).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from safeload.isolation.libc import prctl

__all__ = ["is_survived"]

# <linux/prctl.h>, <linux/seccomp.h>
_GET_SECCOMP, _DUMPABLE = 21, 4
_FILTERED = 2


def is_survived(act: Callable[[], object]) -> bool:
    """Whether a process like this one lives on when it does something.

    Args:
        act: What it does, in a child of this process that ends right after.

    Returns:
        False if it was ended by a signal. Where no filter holds this process, nothing is tried.
    """
    if sys.platform != "linux":
        return True
    if prctl(_GET_SECCOMP) != _FILTERED:
        return True
    process = os.fork()
    if not process:
        # There is nothing to be learnt from its memory.
        prctl(_DUMPABLE, 0)
        try:
            act()
        finally:
            os._exit(0)
    return not os.WIFSIGNALED(os.waitpid(process, 0)[1])
