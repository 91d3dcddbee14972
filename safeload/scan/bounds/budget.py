"""What one file may still cost: steps of work without bytes to show for them, and time.

Legitimate work is paid for by the bytes that ask for it. Work that a few bytes ask for again and
again is taken from an allowance as large as the file, so that all of it together grows with the
file and not with its square. The clock is the last resort.

Trust: what is asked for is hostile; the bounds are the caller's.
"""

from __future__ import annotations

import time

from safeload.limits import Limits

__all__ = ["NO_MEMORY", "OverLimitError", "WorkBudget", "over"]

NO_MEMORY = "Reading it needs more memory than there is."


class OverLimitError(Exception):
    """Reading on costs more than a limit allows; the text says what, and names the limit.

    Args:
        why: What it is, as a sentence.
        limit: The attribute of :class:`~safeload.limits.Limits`; None if the sentence names it.
    """

    def __init__(self, why: str, limit: str | None = None) -> None:
        super().__init__(why if limit is None else over(why, limit))


def over(why: str, limit: str) -> str:
    """A sentence that says which limit was reached, so that it can be raised.

    Args:
        why: What is more than the limit allows, as a sentence.
        limit: The attribute of :class:`~safeload.limits.Limits`.
    """
    return f"{why.removesuffix('.')} (limit: {limit})."


class WorkBudget:
    """The allowance of one file, shared by all its streams.

    Args:
        limits: ``unbudgeted_work``, ``columns``, ``opcodes`` and ``seconds`` apply.
        size: Bytes of the file, decompressed.

    Attributes:
        unbudgeted_work: Steps that are left.
        columns: How many columns a model may say it has.
        opcodes: How many opcodes each stream may have.
        opcodes_by: The limit that says so.
        names: Every global so far, by module and name.
    """

    __slots__ = (
        "_deadline",
        "_seconds",
        "columns",
        "names",
        "opcodes",
        "opcodes_by",
        "unbudgeted_work",
    )

    def __init__(self, limits: Limits, size: int) -> None:
        self.unbudgeted_work = limits.unbudgeted_work + size
        self.columns = limits.columns + size
        self.opcodes = limits.opcodes
        self.opcodes_by = "opcodes"
        self.names: set[tuple[str, str]] = set()
        self._seconds = limits.seconds
        self._deadline = time.monotonic() + limits.seconds

    def grow(self, size: int) -> None:
        """Allow for bytes that were not known of: what the file decompresses to.

        Args:
            size: How many.
        """
        self.unbudgeted_work += size
        self.columns += size

    def bound_density(self, packed: int, limits: Limits) -> None:
        """Bound the opcodes of a stream by the bytes it was compressed to.

        Args:
            packed: How many bytes.
            limits: ``density`` and ``density_floor`` apply.
        """
        dense = max(limits.density_floor, limits.density * packed)
        if dense < self.opcodes:
            self.opcodes, self.opcodes_by = dense, "density"

    def renewed(self, limits: Limits, size: int) -> WorkBudget:
        """The same clock with a new allowance, for those who work on what was made of the bytes.

        Args:
            limits: ``unbudgeted_work`` and ``columns`` apply.
            size: Bytes of the file, decompressed.
        """
        renewed = WorkBudget(limits, size)
        renewed._deadline = self._deadline
        return renewed

    def spend(self, steps: int, why: str) -> None:
        """Take steps from the allowance.

        Args:
            steps: How many.
            why: What they are for, as a sentence; the message of the error.

        Raises:
            OverLimitError: There are not so many left.
        """
        self.unbudgeted_work -= steps
        if self.unbudgeted_work < 0:
            raise OverLimitError(why, "unbudgeted_work")

    def check_time(self) -> None:
        """Look at the clock.

        Raises:
            OverLimitError: The file has had its time.
        """
        if time.monotonic() > self._deadline:
            why = f"Reading it takes longer than {self._seconds:g} seconds."
            raise OverLimitError(why, "seconds")
