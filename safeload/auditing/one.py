"""One file becomes an answer: what was found, and whether it would be found again.

Trust: the file is hostile and is never run. A line from the cache is believed for exactly these
bytes and this way of judging.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from safeload.artefact import Artefact
from safeload.auditing.identity import identity_of
from safeload.auditing.judging import Judging
from safeload.auditing.opening import read_candidate
from safeload.auditing.walk import Candidate
from safeload.beside import Beside
from safeload.policy.judge import judge
from safeload.scan.bounds.budget import NO_MEMORY
from safeload.scan.companions import OLD_JOBLIB
from safeload.scan.discovery import reason_to_skip
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Finding, Skipped, Verdict

__all__ = ["Answer", "Known", "answer", "unread"]

# Findings that another run, or a machine with another library, might not have.
_PASSING = frozenset(["SL000", "SL002", "SL003", "SL008"])


class Known(Protocol):
    """What says of the bytes of a file what was found of them before, or None."""

    def __call__(self, sha256: str, label: str, *, listed: bool) -> FileReport | Skipped | None:
        """As :meth:`safeload.auditing.cache.Cache.known`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found of a file.

    Attributes:
        found: The report, or why the file was skipped.
        sha256: Of its bytes, 64 hex digits; empty if they were not read.
        identity: What tells the file from any that takes its place or is written into it; empty
            where nothing does.
        lasting: Whether the same bytes, judged likewise, always have this answer.
        starved: Whether there was less memory than it takes.
    """

    found: FileReport | Skipped
    sha256: str = ""
    identity: str = ""
    lasting: bool = False
    starved: bool = False


def answer(
    candidate: Candidate,
    judging: Judging,
    known: Known | None = None,
) -> Answer:
    """Find out what is to be said of a file.

    Args:
        candidate: The file.
        judging: How to judge it.
        known: Says what was found of the same bytes before; None where nothing is kept.
    """
    before = identity_of(candidate) if known is not None else ""
    opened = read_candidate(candidate, judging.limits)
    if isinstance(opened, Skipped):
        return Answer(opened)
    if isinstance(opened, Finding):
        return unread(candidate, opened)
    # What was written to while it was read has no identity, and what was just before it none yet.
    identity = before if before and before == identity_of(candidate, opened) else ""
    listed = candidate.is_listed
    found = known(opened.sha256, candidate.label, listed=listed) if known is not None else None
    if found is not None:
        return Answer(found, opened.sha256, identity, lasting=True)
    found = _found(candidate, opened, judging)
    findings = found.findings if isinstance(found, FileReport) else ()
    alone = not isinstance(found, FileReport) or not found.format.startswith(OLD_JOBLIB)
    return Answer(
        found,
        opened.sha256,
        identity,
        # The same bytes may have other files beside them elsewhere, or the next time.
        lasting=alone and all(finding.rule not in _PASSING for finding in findings),
        starved=any(finding.message == NO_MEMORY for finding in findings),
    )


def unread(candidate: Candidate, finding: Finding) -> Answer:
    """The answer about a file of which nothing was read.

    Args:
        candidate: The file.
        finding: Why.
    """
    path = candidate.label
    return Answer(FileReport(path, "", 0, "unknown", Verdict.INCOMPLETE, findings=(finding,)))


def _found(candidate: Candidate, artefact: Artefact, judging: Judging) -> FileReport | Skipped:
    reason = None
    if not candidate.is_listed:
        reason = reason_to_skip(candidate.name, artefact.data)
    if reason is not None:
        return Skipped(candidate.label, reason)
    beside = Beside(artefact, judging.limits) if candidate.remote is None else None
    scanned = scan(artefact.data, judging.limits, beside)
    judgement = judge(scanned, judging.policy(), notes=judging.notes)
    report = judgement.report(candidate.label, artefact.sha256, artefact.size, scanned.format)
    if not judging.second_opinion:
        return report
    from safeload.auditing.second_opinion import doubts_of, with_findings

    allowed = frozenset(item.name for item in report.globals if item.allowed)
    return with_findings(report, doubts_of(scanned, allowed))
