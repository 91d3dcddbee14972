"""What is put in place while any thread loads, and taken away with the last?

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from safeload.forks import Lock
from safeload.loading.current import CURRENT

__all__ = ["Presence"]

_LOCK = Lock()


class Presence:
    """Something in the program that loads need.

    Args:
        put: Puts it in place, unless it is there.
        take: Takes it away, if it is still there.
    """

    def __init__(self, put: Callable[[], object], take: Callable[[], object]) -> None:
        self._put, self._take = put, take
        # The thread of each load.
        self._threads: list[int] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget_others)

    def begin(self) -> None:
        """A load begins in this thread."""
        own = threading.get_ident()
        with _LOCK:
            if CURRENT.load is None:
                # An interrupt kept an earlier load from saying that it has ended.
                self._threads = [thread for thread in self._threads if thread != own]
            self._threads.append(own)
            self._put()

    def end(self) -> None:
        """A load has ended in this thread."""
        own = threading.get_ident()
        with _LOCK:
            if own in self._threads:
                self._threads.remove(own)
            if not self._threads:
                self._take()

    def _forget_others(self) -> None:
        """In a forked child, no other thread is left that would end its load."""
        own = threading.get_ident()
        if self._threads:
            self._threads = [thread for thread in self._threads if thread == own]
            if not self._threads:
                self._take()
