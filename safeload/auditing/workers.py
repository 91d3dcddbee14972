"""What may a worker take, and what does it hear? Its share of memory; and of a Ctrl-C, nothing.

What does not fit into a share is read again afterwards, by one process that has all of it. Workers
are joblib's, and whoever else has work for them finds them as they were.

Trust: the numbers are the kernel's.
Source: ``-P`` in the Python documentation; setrlimit(2); cgroups(7), ``memory.max``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import resource
except ImportError:  # pragma: no cover  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["apart", "bounded", "deaf", "share"]

# Of all memory, what the workers may have together; the rest is for whoever else is there.
_PORTION = 0.75
# With less, hardly a model could be read.
_LEAST = 256 << 20
_SAFE_PATH = "PYTHONSAFEPATH"
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def share(jobs: int) -> int:
    """What each of some workers may take, beside what it needs to run at all.

    Args:
        jobs: How many workers there are.

    Returns:
        A number of bytes; 0 where nothing is known of the machine.
    """
    known = [size for size in (_physical(), _granted()) if size]
    return max(_LEAST, int(min(known) * _PORTION) // jobs) if known else 0


@contextmanager
def bounded(size: int) -> Iterator[None]:
    """Work in a worker: with so much memory, and whatever becomes of the one who asked for it.

    Args:
        size: Address space beyond what is taken already, bytes; 0 for no bound.
    """
    limits = _lower(size) if size else None
    try:
        with deaf():
            yield
    finally:
        if sys.platform != "win32" and limits is not None:
            resource.setrlimit(resource.RLIMIT_AS, limits)


@contextmanager
def apart() -> Iterator[None]:
    """Start Pythons that import nothing from the current folder.

    They would, before anything else, because they are started by ``-m`` and ``-c``; and the current
    folder may be the one that a third party filled.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


@contextmanager
def deaf() -> Iterator[None]:
    """Hear no Ctrl-C, and start processes that never hear one.

    A terminal tells all processes of it. Ours is the one that ends the work, and workers would only
    complain. To be asked for a moment: a Ctrl-C that comes meanwhile is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is blocked would be inherited as well, but those who start processes unblock it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _lower(size: int) -> tuple[int, int] | None:
    if sys.platform == "win32" or resource is None:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _taken() + size
    if hard not in (resource.RLIM_INFINITY, -1):
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft <= wanted:
        return None
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
        return soft, hard
    return None


def _taken() -> int:
    """The address space of this process, bytes."""
    if sys.platform == "win32":
        return 4 << 30
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 4 << 30


def _physical() -> int:
    if sys.platform == "win32":
        return 0
    with suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def _granted() -> int:
    """What the control group of a container grants, bytes; 0 for no such bound."""
    with suppress(OSError, ValueError):
        return int(_CGROUP.read_text("ascii"))
    return 0
