"""What stands one behind the other in a file: pickles, and arrays in numpy's form.

``pickle.dump`` and ``numpy.save`` can be called again for a file that is open, and whoever reads it
does so as often. The first of them is what a loader gets that knows nothing of this.

Trust: the bytes are hostile. Each byte is read once, and what follows the last of them is a
finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from safeload.scan.array_programs import array_at
from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.companions import OLD_JOBLIB, Companions
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.npy import MAGIC
from safeload.scan.contents import Contents, MemberScan
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Buffer, Program, Scan
from safeload.verdict import Finding

__all__ = ["flat", "read_sequence"]


def read_sequence(data: Buffer, nesting: Nesting) -> Scan:
    """Read a file that begins with a pickle or an array.

    Args:
        data: The whole file.
        nesting: Bounds.

    Returns:
        The scan of what comes first, with all that follows as its members.
    """
    first = _piece(data, 0, nesting, Companions(nesting))
    if first.end < len(data):
        first.scan.single = False
        first.scan.members = Contents(partial(_following, data, first.end, nesting))
    return first.scan


class _Piece:
    """One thing in a file, and where it ends.

    Attributes:
        scan: What it would do.
        end: The byte behind it; the last one's if that is unknown.
    """

    def __init__(self, form: str, program: Program, data: Buffer, nesting: Nesting) -> None:
        self.scan = Scan(form, flat(program), [], data, nesting.limits, nesting.work)
        self.end = program.size
        if not program.segments:
            self.end = len(data)


def _piece(
    data: Buffer, start: int, nesting: Nesting, companions: Companions | None = None
) -> _Piece:
    limits, work = nesting.limits, nesting.work
    if data[start : start + len(MAGIC)] == MAGIC:
        program = array_at(data, start, nesting)
        piece = _Piece("npy", program, data, nesting)
    else:
        program = interpret(
            data, limits=limits, budget=work, start=start, followed=True, companions=companions
        )
        form = "joblib" if program.arrays else "pickle"
        if companions is not None and companions.asked:
            form = OLD_JOBLIB
        piece = _Piece(form, program, data, nesting)
        piece.end += start if program.segments else 0
    return piece


def _following(data: Buffer, end: int, nesting: Nesting) -> Iterator[MemberScan]:
    count = 0
    while end < len(data):
        count += 1
        if count > nesting.limits.members:
            why = "There are too many pickles or arrays one after the other."
            raise OverLimitError(why, "members")
        piece = _piece(data, end, nesting)
        program = piece.scan.programs[0]
        if not program.segments:
            finding = Finding("SL202", "Bytes follow the end of the stream.", offset=end)
            piece.scan.findings.insert(0, finding)
            if not program.globals:
                # It is neither, and where it fails to be tells nobody anything.
                piece.scan.programs = []
        yield MemberScan(f"+{end}", piece.scan)
        end = piece.end


def flat(program: Program) -> list[Program]:
    """A program and those nested in it, outermost first."""
    programs = [program]
    for array in program.arrays:
        if isinstance(array, Program):
            programs.extend(flat(array))
    return programs
