"""Audit files: what would each of them do, and is that allowed?

Trust: the files are hostile and are never run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from safeload.artefact import Artefact
from safeload.auditing.walk import Candidate, walk
from safeload.errors import ArtefactError
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.identify import is_model
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Finding, Severity, Verdict, verdict_of

__all__ = ["AuditReport", "audit"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        files: One report for each file that is a model, or that the caller named.
        skipped: How many files in folders are no models.
    """

    files: tuple[FileReport, ...]
    skipped: int = 0

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
        *paths: Files and folders; folders are searched for models by content.
        policy: The allow-list, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on each file.
        progress: Wraps the iteration over files, to show it.

    Returns:
        The report.

    Raises:
        UsageError: The policy file cannot be used, or there is no such pack.
    """
    allowed = Policy.of(policy, packs=packs)
    bounds = limits or Limits()
    files, skipped = [], 0
    candidates: Iterable[Candidate] = walk(paths)
    for candidate in progress(candidates) if progress is not None else candidates:
        report = _audit_one(candidate, allowed, bounds)
        if report is None:
            skipped += 1
        else:
            files.append(report)
    return AuditReport(tuple(files), skipped)


def _audit_one(candidate: Candidate, policy: Policy, limits: Limits) -> FileReport | None:
    path = str(candidate.path)
    try:
        artefact = Artefact.read(candidate.path, limits=limits)
    except ArtefactError as error:
        finding = Finding("SL000", Severity.WARNING, error.message)
        return FileReport(path, "", 0, "unknown", Verdict.INCOMPLETE, findings=(finding,))
    scanned = scan(artefact.data, limits)
    if not candidate.named and not is_model(scanned):
        return None
    return judge(scanned, policy).report(path, artefact.sha256, artefact.size, scanned.format)
