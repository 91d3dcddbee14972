"""One file becomes an answer: what was found, and whether it would be found again.

Trust: the file is hostile and is never run. A line from the cache is believed for exactly these
bytes and this way of judging.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from safeload.artefact import Artefact
from safeload.auditing.judging import Judging
from safeload.auditing.opening import is_listed, read_candidate
from safeload.auditing.rows import from_row
from safeload.auditing.walk import Candidate
from safeload.policy.judge import judge
from safeload.scan.bounds.budget import NO_MEMORY
from safeload.scan.discovery import reason_to_skip
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Finding, Skipped, Verdict

__all__ = ["Answer", "answer", "identity_of", "unread"]

# Findings that another run, or a machine with another library, might not have.
_PASSING = frozenset(["SL000", "SL002", "SL003", "SL008"])
# Nanoseconds after which a file that is written to again has another time, on any file system.
_SETTLED = 2_000_000_000


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
    candidate: Candidate, judging: Judging, known: Callable[[str, bool], str | None]
) -> Answer:
    """Find out what is to be said of a file.

    Args:
        candidate: The file.
        judging: How to judge it.
        known: Gives the line that was kept for a digest, for a file that is listed or is not.
    """
    before = identity_of(candidate)
    opened = read_candidate(candidate, judging.limits)
    if isinstance(opened, Skipped):
        return Answer(opened)
    if isinstance(opened, Finding):
        return unread(candidate, opened)
    # What was written to while it was read has no identity, and what was just before it none yet.
    identity = before if before and before == identity_of(candidate, opened) else ""
    row = known(opened.sha256, is_listed(candidate))
    if row is not None:
        return Answer(from_row(row, candidate.label), opened.sha256, identity, lasting=True)
    found = _found(candidate, opened, judging)
    findings = found.findings if isinstance(found, FileReport) else ()
    return Answer(
        found,
        opened.sha256,
        identity,
        lasting=all(finding.rule not in _PASSING for finding in findings),
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


def identity_of(candidate: Candidate, artefact: Artefact | None = None) -> str:
    """What tells a file from any that takes its place, or is written into it.

    The time of its last change of status is part of it, which nobody can set.

    Args:
        candidate: The file.
        artefact: What was read of it, which must be of the same file.

    Returns:
        A text, or an empty one for what is no file, or was changed a moment ago and could be once
        more without another time to show for it. A remote file has none either: whether it is the
        same is only its server's word.
    """
    if candidate.remote is not None:
        return ""
    try:
        status = candidate.path.stat()
    except (OSError, ValueError):
        return ""
    if candidate.obstacle or (artefact is not None and not artefact.is_current(status)):
        return ""
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED:
        return ""
    return ":".join(
        str(part)
        for part in (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    )


def _found(candidate: Candidate, artefact: Artefact, judging: Judging) -> FileReport | Skipped:
    reason = None
    if not is_listed(candidate):
        reason = reason_to_skip(candidate.name, artefact.data)
    if reason is not None:
        return Skipped(candidate.label, reason)
    scanned = scan(artefact.data, judging.limits)
    judgement = judge(scanned, judging.policy())
    report = judgement.report(candidate.label, artefact.sha256, artefact.size, scanned.format)
    if not judging.second_opinion:
        return report
    from safeload.auditing.second_opinion import doubts_of, with_findings

    allowed = frozenset(item.name for item in report.globals if item.allowed)
    return with_findings(report, doubts_of(scanned, allowed))
