"""A scanned or reported file's programs as lines to read: Python for a pickle, a tree for skops.

A report does not keep what it is about. Whoever shows programs beside it reads a file again, which
is made sure to be the same one by its digest, so that an audit keeps no more than it did, however
it was run, and pays nothing where nobody asks.

Trust: files are hostile, and so is what else lies at their paths by now. Every line is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from safeload.artefact import Artefact
from safeload.errors import ArtefactError
from safeload.limits import Limits
from safeload.report.decompiled import decompile
from safeload.scan.containers.torch import FORMATS
from safeload.scan.contents import joined, parts
from safeload.scan.program import Program, Scan
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Finding, Verdict

__all__ = ["Listing", "Rereading", "listings"]

# A program of as many opcodes takes a second or two; explain has no such bounds.
_OPCODES = 20_000
_STREAMS = 20
_LONG = "It is long; `safeload explain` shows it."


@dataclass(frozen=True, slots=True)
class Listing:
    """One program of a file, to be read by people.

    Attributes:
        title: Which it is and how large, a phrase, or an empty string.
        lines: Printable ASCII.
        left_out: How many more lines it has.
        doubts: What fickling's analyses say of it, notes that leave the verdict as it is.
        problem: Why there are no lines, a sentence, or an empty string.
    """

    title: str
    lines: tuple[str, ...] = ()
    left_out: int = 0
    doubts: tuple[Finding, ...] = ()
    problem: str = ""


def listings(scanned: Scan, *, allowed: frozenset[str], lines: int) -> Iterator[Listing]:
    """Write the programs of a file down.

    Args:
        scanned: The file.
        allowed: Globals (``"module.name"``) that the policy allows; no doubt is about their names.
        lines: Lines of each program, at most.

    Yields:
        One listing for each stream that has code, or one for all of a skops file.
    """
    for path, part in parts(scanned):
        if part.format == "skops" and part.programs:
            yield _tree(path, part, lines)
        for program in part.programs:
            if program.code:
                yield _python(path, part, program, allowed, lines)


def _python(
    path: str, part: Scan, program: Program, allowed: frozenset[str], lines: int
) -> Listing:
    kind = part.format if part.format in FORMATS else "object array"
    where = f"{kind} {program.member}" if program.member else part.format
    size = f"{program.opcodes} opcodes, {len(program.arrays)} arrays"
    made = decompile(program, allowed=allowed, lines=lines)
    return Listing(
        ": ".join(filter(None, (path, where, size))),
        made.lines,
        made.left_out,
        tuple(replace(doubt, member=joined(path, doubt.member)) for doubt in made.doubts),
        made.problem,
    )


def _tree(path: str, part: Scan, lines: int) -> Listing:
    from safeload.report.nodes import tree

    branches = tree(part)
    shown = tuple(islice(branches, lines))
    return Listing(path, shown, sum(1 for _ in branches))


class Rereading:
    """The programs of files that an audit has reported on, read once more and held to the digest.

    Args:
        files: Files to read, at most; what comes after is said to be left out.
        lines: Lines of each program, at most.
        limits: Bounds on each file.
    """

    def __init__(self, *, files: int = 100, lines: int = 200, limits: Limits | None = None) -> None:
        self._left = files
        self._lines = lines
        self._limits = Limits.of(limits)

    def __call__(self, file: FileReport) -> list[Listing]:
        """The listings of a file that was read and is not accepted; none for any other.

        Args:
            file: The report on it.
        """
        if file.verdict is Verdict.ACCEPT or not file.sha256 or not file.members:
            return []
        if self._left == 0:
            return [Listing("", problem="Programs are shown of the first files only.")]
        if sum(member.opcodes for member in file.members) > _OPCODES:
            return [Listing("", problem=_LONG)]
        self._left -= 1
        try:
            artefact = Artefact.read(file.path, limits=self._limits)
        except ArtefactError as error:
            return [Listing("", problem=error.message)]
        if artefact.sha256 != file.sha256:
            return [Listing("", problem="The file has changed since it was audited.")]
        allowed = frozenset(item.name for item in file.globals if item.allowed)
        scanned = scan(artefact.data, self._limits)
        made = listings(scanned, allowed=allowed, lines=self._lines)
        found = list(islice(made, _STREAMS))
        if next(made, None) is not None:
            found.append(
                Listing("", problem="There are more programs; safeload explain shows all.")
            )
        return found
