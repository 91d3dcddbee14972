"""How deep is a scan within containers, and what may they still cost together?

Trust: not applicable; sizes come from whoever unpacks, after the fact or before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.containers.unpack import Budget
from safeload.scan.program import Buffer
from safeload.verdict import Finding

__all__ = ["Members", "Nesting", "Packed", "Siblings"]


class Packed(NamedTuple):
    """A file as a reader of its container hands it on.

    Attributes:
        path: Its name there, as it is written.
        data: Its bytes, as far as a reader gets.
        findings: What is wrong with it, or was not read of it.
    """

    path: str
    data: Buffer
    findings: tuple[Finding, ...] = ()


# What a container module gives: its files, one after the other, each unpacked when it is asked for.
Members = Iterator[Packed]


class Siblings(Protocol):
    """The files in the folder of the one that is scanned."""

    def read(self, name: str) -> Buffer:
        """The bytes of one, the same whenever it is asked for.

        Args:
            name: Its name, without folders.

        Raises:
            ArtefactError: It cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Nesting:
    """The place of a scan.

    Attributes:
        limits: Bounds on the file.
        work: What it may still cost; the clock is that of the whole file.
        unpacked: What decompression may still produce, over all containers within each other.
        depth: How many containers it is in.
        beside: The files beside it; None where there are none to be read.
    """

    limits: Limits
    work: WorkBudget
    unpacked: Budget
    depth: int = 0
    beside: Siblings | None = None

    @classmethod
    def of(cls, limits: Limits, size: int, beside: Siblings | None = None) -> Nesting:
        """The place of a whole file.

        Args:
            limits: Bounds on it.
            size: Bytes of it.
            beside: The files beside it.
        """
        return cls(limits, WorkBudget(limits, size), Budget(limits, size), beside=beside)

    def within(self, size: int, beside: Siblings | None = None) -> Nesting:
        """The place of something in it.

        Args:
            size: Bytes of that.
            beside: The files beside that.

        Raises:
            OverLimitError: It is in too many containers.
        """
        if self.depth >= self.limits.containers:
            raise OverLimitError("Archives are nested too deeply.", "containers")
        work = self.work.renewed(self.limits, size)
        return Nesting(self.limits, work, self.unpacked, self.depth + 1, beside)
