"""Locks that a fork in another thread does not leave closed.

``fork`` takes one thread along. What another one holds at that moment, nobody in the child will
ever let go; and what it was about, such as importing a module, stays half done there, so that
whoever asks for it waits for ever. A fork therefore waits until the locks made here are free, for
as long as importing a large library takes. Should that not be enough, the child has new locks.

Trust: not applicable; nothing from a file comes here.
Source: ``os.register_at_fork`` in the Python documentation.
"""

from __future__ import annotations

# The two modules of Python's own that hold locks of theirs across a fork. What is registered last
# is asked first: we have to wait for imports before those are held, as imports wait for them.
import concurrent.futures.thread  # noqa: F401
import logging  # noqa: F401
import os
import threading
import time
from typing import Any

__all__ = ["IMPORTING", "Lock"]

# Seconds that a fork waits, in all. Whoever is waited for may wait for the thread that forks.
_PATIENCE = 30.0


# Its methods are no Python code, so that no interrupt comes between taking it and holding it.
_RLock: Any = type(threading.RLock())


class Lock(_RLock):  # type: ignore[misc]  # the type has no name that is public
    """A lock for the whole life of the process, held with ``with``.

    A thread may take it again while it has it: a finaliser or a signal handler may come in between.
    So what is done under it must bear to be done once more from its start.
    """

    def __init__(self) -> None:
        super().__init__()
        _LOCKS.append(self)


class _Forking(threading.local):
    """What each thread has taken for the forks that it is about to make, the latest last."""

    def __init__(self) -> None:
        self.taken: list[list[Lock]] = []


_LOCKS: list[Lock] = []
_FORKING = _Forking()
# Held where something is imported that no thread may have imported before. One after the other:
# modules that import each other fail if two threads begin at different ends.
IMPORTING = Lock()


def _before() -> None:
    taken: list[Lock] = []
    _FORKING.taken.append(taken)
    until = time.monotonic() + _PATIENCE
    # Always in the same order, so that two forks do not wait for each other.
    taken.extend(
        lock for lock in _LOCKS if lock.acquire(timeout=max(0.0, until - time.monotonic()))
    )


def _after_in_parent() -> list[Lock]:
    taken = _FORKING.taken.pop() if _FORKING.taken else []
    for lock in reversed(taken):
        lock.release()
    return taken


def _after_in_child() -> None:
    taken = _after_in_parent()
    for lock in _LOCKS:
        if lock not in taken:
            lock._at_fork_reinit()  # noqa: SLF001  # as Python does with locks of its own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
