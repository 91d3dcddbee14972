"""The machine-readable report, schema 1. Other tools read it; its fields only ever grow.

Trust: every string from a file has been escaped before it got here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload import __version__
from safeload.auditing.run import AuditReport
from safeload.rule_ids import about
from safeload.verdict import FileReport, Finding, Suppressed, Verdict

if TYPE_CHECKING:
    from safeload.auditing.excluding import Excluded
    from safeload.auditing.sources.changed import ChangedSince

__all__ = ["as_document", "as_json", "file_document", "finding_document"]


def as_document(report: AuditReport) -> dict[str, Any]:
    """The report as JSON types.

    Args:
        report: An audit's report.

    Returns:
        The document; ``docs/report.md`` describes its fields.
    """
    verdicts = [file.verdict for file in report.files]
    return {
        "schema": 1,
        "safeload": __version__,
        "files": [file_document(file) for file in report.files],
        "skipped": [{"path": file.path, "reason": file.reason} for file in report.skipped],
        "unfinished": report.unfinished,
        "changed_since": _narrowed(report.changed_since),
        "excluded": _excluded(report.excluded),
        "summary": {
            "files": len(verdicts),
            **{verdict.value: verdicts.count(verdict) for verdict in Verdict},
        },
    }


def as_json(report: AuditReport) -> str:
    """The report as JSON text, ASCII, without a final newline."""
    return json.dumps(as_document(report), indent=2)


def _narrowed(since: ChangedSince | None) -> dict[str, Any] | None:
    if since is None:
        return None
    return {
        "revision": since.revision,
        "commits": list(since.commits),
        "not_looked_at": since.not_looked_at,
    }


def _excluded(left_out: Excluded | None) -> dict[str, Any] | None:
    if left_out is None:
        return None
    return {"patterns": list(left_out.patterns), "files": left_out.files}


def _accepted(finding: Finding, suppressed: tuple[Suppressed, ...]) -> dict[str, Any] | None:
    for each in suppressed:
        if each.rule == finding.rule:
            return {"reason": each.reason, "author": each.author, "until": each.until}
    return None


def file_document(file: FileReport) -> dict[str, Any]:
    """What is said of one file, as JSON types; one element of ``files``."""
    return {
        "path": file.path,
        "sha256": file.sha256,
        "size": file.size,
        "format": file.format,
        "verdict": file.verdict.value,
        "members": [
            {
                "path": member.path,
                "format": member.format,
                "verdict": member.verdict.value,
                "opcodes": member.opcodes,
                "arrays": member.arrays,
            }
            for member in file.members
        ],
        "globals": [
            {
                "name": item.name,
                "uses": [str(use) for use in item.uses],
                "offset": item.offset,
                "allowed": item.allowed,
                "member": item.member,
            }
            for item in file.globals
        ],
        "findings": [finding_document(finding, file.suppressed) for finding in file.findings],
        "skipped": [{"path": one.path, "reason": one.reason} for one in file.skipped],
    }


def finding_document(finding: Finding, suppressed: tuple[Suppressed, ...] = ()) -> dict[str, Any]:
    """One finding as JSON types.

    Args:
        finding: The finding.
        suppressed: What somebody accepted of its file.
    """
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "weight": finding.weight.value,
        "message": finding.message,
        "remedy": about(finding.rule, finding.weight).remedy,
        "member": finding.member,
        "offset": finding.offset,
        "suppressed": _accepted(finding, suppressed),
    }
