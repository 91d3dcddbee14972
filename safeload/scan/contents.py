"""What is in a file beside what a loader gets from it: files of an archive, and what follows.

Trust: paths and what is at them are hostile; paths are printable here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from safeload.scan.program import Scan

__all__ = ["Contents", "MemberScan", "joined", "parts"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a container, unpacked and scanned anew for each who goes through it.

    Attributes:
        begin: Begins with the first.
    """

    begin: Callable[[], Iterator[MemberScan]]

    def __iter__(self) -> Iterator[MemberScan]:
        return self.begin()


@dataclass(frozen=True, slots=True)
class MemberScan:
    """A file within a container, or one thing that stands behind another.

    Attributes:
        path: Its name there, printable; ``"+96"`` for what begins at that byte.
        scan: What it would do; None for what is not a model.
        reason: Why it is not a model.
    """

    path: str
    scan: Scan | None
    reason: str = ""


def parts(scan: Scan) -> Iterator[tuple[str, Scan]]:
    """What can be judged by itself: what a file has of its own, and all that is in it.

    Args:
        scan: The file.

    Yields:
        Paths, ``""`` for the file itself, and scans without members.
    """
    yield "", replace(scan, members=())
    for member in scan.members:
        if member.scan is not None:
            for path, part in parts(member.scan):
                yield joined(member.path, path), part


def joined(path: str, within: str) -> str:
    """The path of something in a member, written as the URLs of Java archives are.

    Args:
        path: The member's.
        within: Its path in the member; either may be empty.
    """
    return "!/".join(part for part in (path, within) if part)
