"""What ``safeload explain`` shows of any bytes: lines that can be printed, and not too many."""

from __future__ import annotations

from itertools import islice

from safeload.limits import Limits
from safeload.report.decompiled import decompile
from safeload.report.nodes import tree
from safeload.scan.scan import scan
from tests.fuzz.target import Target, Violation
from tests.fuzz.targets import judged

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_LINES = 200


def _check(data: bytes) -> None:
    scanned = scan(data, _LIMITS)
    lines = []
    if scanned.format == "skops" and scanned.programs:
        lines += list(islice(tree(scanned), _LINES))
    for program in scanned.programs:
        if program.code:
            shown = decompile(program, allowed=frozenset(), lines=_LINES)
            if len(shown.lines) > _LINES:
                raise Violation(f"there are {len(shown.lines)} lines")
            lines += [*shown.lines, shown.problem, *(doubt.message for doubt in shown.doubts)]
    for line in lines:
        if not (line.isascii() and (line.isprintable() or not line)):
            raise Violation(f"a line cannot be printed: {line!a}")


TARGET = Target(
    name="explained",
    about="what is explained can be printed",
    examples=judged.TARGET.examples,
    check=_check,
    vary=judged.TARGET.vary,
    grow=judged.TARGET.grow,
)
