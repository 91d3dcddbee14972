"""Audit files: what would each of them do, and is that allowed?

Trust: the files are hostile and are never run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from safeload.arguments import require_callable
from safeload.auditing.opening import open_candidate
from safeload.auditing.walk import Candidate, walk
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Finding, Skipped, Verdict, verdict_of

__all__ = ["AuditReport", "audit"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        files: One report for each file that may be a model, or that the caller named.
        skipped: The other files in folders, each with the reason why it is none.
    """

    files: tuple[FileReport, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """REFUSE if any file is refused, else INCOMPLETE if any is incomplete, else ACCEPT."""
        return verdict_of(finding for file in self.files for finding in file.findings)

    @property
    def exit_code(self) -> int:
        """1 if any file is refused, else 3 if any is incomplete, else 0."""
        return {Verdict.ACCEPT: 0, Verdict.REFUSE: 1, Verdict.INCOMPLETE: 3}[self.verdict]


def audit(
    *paths: str | os.PathLike[str],
    policy: str | os.PathLike[str] | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Callable[[Iterable[Candidate]], Iterable[Candidate]] | None = None,
) -> AuditReport:
    """Say what files would do when they are loaded, without loading them.

    Args:
        *paths: Files and folders; folders are searched for models by name and content.
        policy: The allow-list, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on each file.
        progress: Wraps the iteration over files, to show it.

    Returns:
        The report.

    Raises:
        UsageError: The policy file cannot be used, there is no such pack, or an argument is none
            that its parameter takes.
    """
    require_callable(progress, "progress", takes="None or a function")
    bounds = Limits.of(limits)
    candidates: Iterable[Candidate] = walk(paths)
    allowed = Policy.of(policy, packs=packs)
    files: list[FileReport] = []
    skipped: list[Skipped] = []
    for candidate in progress(candidates) if progress is not None else candidates:
        report = _audit_one(candidate, allowed, bounds)
        if isinstance(report, Skipped):
            skipped.append(report)
        else:
            files.append(report)
    return AuditReport(tuple(files), tuple(skipped))


def _audit_one(candidate: Candidate, policy: Policy, limits: Limits) -> FileReport | Skipped:
    path = str(candidate.path)
    opened = open_candidate(candidate, limits)
    if isinstance(opened, Skipped):
        return opened
    if isinstance(opened, Finding):
        return FileReport(path, "", 0, "unknown", Verdict.INCOMPLETE, findings=(opened,))
    scanned = scan(opened.data, limits)
    return judge(scanned, policy).report(path, opened.sha256, opened.size, scanned.format)
