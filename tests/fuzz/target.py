"""What is fuzzed: a reader of bytes, examples of what it reads, and what must hold of any bytes.

Trust: a target's check is run on hostile bytes in a process of its own, under limits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safeload.verdict import Finding
from tests.fuzz.mutation import bent

__all__ = ["Check", "Target", "Violation", "foreseen"]

Check = Callable[[bytes], None]
# One of the examples, or what came of it, varied; the examples; where choices come from.
Vary = Callable[[bytes, Sequence[bytes], random.Random], bytes]


class Violation(AssertionError):  # noqa: N818  # what a fuzzer finds is not an error of the fuzzer
    """Something that must hold of any bytes does not hold of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader of bytes that is fuzzed.

    Attributes:
        name: Its name on the command line.
        about: What must hold, in a line.
        examples: Makes what it is meant to read.
        check: Raises for bytes of which something does not hold.
        vary: Makes other bytes of an example.
        grow: Makes an example anew, or None where there is no grammar.
        dictionary: Words that mean something to the reader.
    """

    name: str
    about: str
    examples: Callable[[], list[bytes]]
    check: Check
    vary: Vary = bent
    grow: Callable[[random.Random], bytes] | None = None
    dictionary: tuple[bytes, ...] = ()


def foreseen(findings: Sequence[Finding], size: int) -> None:
    """Require that findings are what reports are made for.

    Args:
        findings: What a scan says.
        size: Bytes of the member, the bound of offsets.

    Raises:
        Violation: One says that the scan failed, points nowhere, or cannot be printed.
    """
    for finding in findings:
        if finding.rule == "SL008":
            raise Violation(f"unforeseen: {finding.message}")
        if finding.offset is not None and not 0 <= finding.offset <= size:
            raise Violation(f"{finding.rule} points to {finding.offset} of {size}")
        if not (finding.message.isascii() and finding.message.isprintable()):
            raise Violation(f"{finding.rule} cannot be printed: {finding.message!a}")
