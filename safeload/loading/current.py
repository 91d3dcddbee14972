"""Which load is under way in this thread?

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

import threading
import warnings
from typing import Any

__all__ = ["CURRENT", "Load"]


class Load:
    """A load while it unpickles.

    Attributes:
        warnings: What is to be shown when it is over.
        ended_before: How many collections of garbage the process had ended when one began in this
            thread, the latest during this load.
    """

    def __init__(self) -> None:
        self.warnings: list[warnings.WarningMessage] = []
        self.ended_before: int | None = None

    def meet(self, event: str, args: tuple[Any, ...]) -> None:
        """Python raises an audit event in this thread: let it pass, or raise an error."""


class _Current(threading.local):
    """What each thread has.

    Attributes:
        load: The load, or None. Everything that is so for a time is kept there, so that one
            assignment brings back how it was before.
        stop: What the collector said when it ended a collection in this thread; None while one is
            under way that began during a load.
    """

    load: Load | None = None
    stop: object = None


CURRENT = _Current()
