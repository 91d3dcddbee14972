"""Locks that a fork in another thread does not leave closed.

``fork`` takes one thread along. What another one holds at that moment, nobody in the child will
ever let go; and what it was about, such as importing a module, stays half done there, so that
whoever asks for it waits for ever. A fork therefore waits until the locks made here are free, for
as long as importing a large library takes. Should that not be enough, the child has new locks.

Trust: not applicable; nothing from a file comes here.
Source: ``os.register_at_fork`` in the Python documentation.
"""

from __future__ import annotations

import os
import threading
import time

__all__ = ["IMPORTING", "Lock"]

# Seconds that a fork waits, in all. Whoever is waited for may wait for the thread that forks.
_PATIENCE = 30.0


class Lock:
    """A lock for the whole life of the process, held with ``with``.

    A thread may take it again while it has it: a finaliser or a signal handler may come in between.
    So what is done under it must bear to be done once more from its start.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _LOCKS.append(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _acquire(self, until: float) -> bool:
        return self._lock.acquire(timeout=max(0.0, until - time.monotonic()))

    def _renew(self) -> None:
        self._lock = threading.RLock()


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
    taken.extend(lock for lock in _LOCKS if lock._acquire(until))  # noqa: SLF001


def _after_in_parent() -> list[Lock]:
    taken = _FORKING.taken.pop() if _FORKING.taken else []
    for lock in reversed(taken):
        lock.__exit__()
    return taken


def _after_in_child() -> None:
    taken = _after_in_parent()
    for lock in _LOCKS:
        if lock not in taken:
            lock._renew()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
