"""How much time one question has left: for sending it, waiting, receiving and reading the answer.

Trust: whoever answers may take all of the time, at any step. No step goes on without a look here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TypeVar

__all__ = ["Clock", "LateError"]

_T = TypeVar("_T")


class LateError(Exception):
    """The time is over."""


class Clock:
    """Runs from when it is made.

    Args:
        seconds: Until it is over.
    """

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than none.

        Raises:
            LateError: The time is over.
        """
        left = self._until - monotonic()
        if left <= 0:
            raise LateError
        return left

    def each(self, items: Iterable[_T]) -> Iterator[_T]:
        """Go through items for as long as there is time.

        Raises:
            LateError: The time is over.
        """
        for item in items:
            self.left()
            yield item
