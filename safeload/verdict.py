"""Findings, and the verdict they add up to.

A scan yields findings; a finding names a rule; the rule says what one such finding does to the
verdict. Three verdicts: ACCEPT (all read, all allowed), REFUSE (something is not allowed),
INCOMPLETE (something was not read). A refusal outweighs what was not read.

Trust: messages hold text from the file only after :func:`safeload.errors.printable`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "FileReport",
    "Finding",
    "GlobalReport",
    "MemberReport",
    "Severity",
    "Skipped",
    "Suppressed",
    "Verdict",
    "Weight",
    "verdict_of",
]


class Severity(StrEnum):
    """How much a finding weighs; the three levels of SARIF.

    An ERROR refuses, a WARNING makes the verdict INCOMPLETE, a NOTE leaves it as it is.
    """

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Weight(StrEnum):
    """What a person should take a finding for; it changes words and order, and no verdict.

    An ATTACK names what is known to do harm or to deceive; a SUSPECT is what hardly a model needs;
    all else is ORDINARY, which does not say that it is harmless.
    """

    ATTACK = "attack"
    SUSPECT = "suspect"
    ORDINARY = "ordinary"


# Rules whose findings are not errors, by how their identifiers begin.
_LIGHTER = {"SL0": Severity.WARNING, "SL9": Severity.NOTE}


class Verdict(StrEnum):
    """What a scan concludes about a file."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the scan has to say.

    What it does to the verdict follows from its rule alone, so that no finding can be made too
    light: a rule that nobody has heard of refuses.

    Attributes:
        rule: Identifier such as ``"SL101"``.
        message: One printable sentence.
        member: Which part of the file, ``""`` for the file's own stream.
        offset: Byte offset in the member (after decompression), or None where there is none.
        weight: What a person should take it for.
    """

    rule: str
    message: str
    member: str = ""
    offset: int | None = None
    weight: Weight = Weight.ORDINARY

    @property
    def severity(self) -> Severity:
        """How much it weighs: what was not read a warning, a sign a note, all else an error."""
        return _LIGHTER.get(self.rule[:3], Severity.ERROR)

    @property
    def is_unread(self) -> bool:
        """Whether this finding says that something was not read."""
        return self.severity is Severity.WARNING


@dataclass(frozen=True, slots=True)
class GlobalReport:
    """One global of a file, with how it is used and whether all those uses are allowed.

    Attributes:
        name: Module and qualified name, joined by a dot, printable.
        uses: All its uses in the file, sorted.
        offset: Where it first occurs, a byte offset in the member, or None where there is none.
        allowed: Whether the policy allows it for all of these uses.
        member: The stream in which it first occurs, as in :class:`MemberReport`.
    """

    name: str
    uses: tuple[str, ...]
    offset: int | None
    allowed: bool
    member: str = ""


@dataclass(frozen=True, slots=True)
class MemberReport:
    """One stream inside a file: the pickle itself, an object array in it, a file in an archive."""

    path: str
    format: str
    verdict: Verdict
    opcodes: int
    arrays: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file in a folder or an archive that is left out of the report.

    Attributes:
        path: Its path, below the folder that was given, or in the archive.
        reason: Why, one or two sentences.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What somebody accepted of a file: the findings of one rule, in exactly these bytes.

    Attributes:
        rule: The rule.
        reason: Why, in the words of whoever accepted it.
        author: Who that was.
        until: The last day on which it counts, as ``2027-03-31``.
    """

    rule: str
    reason: str
    author: str
    until: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a scan says about one file; one element of ``files`` in the JSON report.

    Attributes:
        path: As the caller gave it, or below the folder that was given.
        sha256: Of its bytes, 64 lower-case hex digits; empty if none were read.
        size: Their number.
        format: What it is, told by content.
        verdict: What all findings add up to, suppressed ones too.
        members: The streams in it.
        globals: The names it asks for.
        findings: What speaks against it.
        skipped: The files of an archive that are left out.
        suppressed: Which of the findings somebody accepted, by their rule.
        expired: The same, where the time for it is over: these findings count again.
    """

    path: str
    sha256: str
    size: int
    format: str
    verdict: Verdict
    members: tuple[MemberReport, ...] = ()
    globals: tuple[GlobalReport, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    skipped: tuple[Skipped, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    expired: tuple[Suppressed, ...] = ()

    @property
    def counted(self) -> Verdict:
        """What the findings add up to that nobody accepted; for exit codes, and nothing else."""
        accepted = {each.rule for each in self.suppressed}
        return verdict_of(finding for finding in self.findings if finding.rule not in accepted)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Add findings up.

    Args:
        findings: All findings about one file or member.

    Returns:
        REFUSE if any is an error, else INCOMPLETE if anything was not read, else ACCEPT.
    """
    verdict = Verdict.ACCEPT
    for finding in findings:
        if finding.severity is Severity.ERROR:
            return Verdict.REFUSE
        if finding.is_unread:
            verdict = Verdict.INCOMPLETE
    return verdict
