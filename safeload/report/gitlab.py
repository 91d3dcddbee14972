"""The report as a GitLab security report, for merge requests and the list of vulnerabilities.

GitLab shows what analysers of code find as reports of the type "sast". A file and a rule make one
vulnerability. What was not read is one as well, of unknown severity, so that nobody takes it for
looked at. What somebody accepted in a baseline is none.

Trust: GitLab reads descriptions as Markdown; what comes from files is code in a block of HTML.

Source: GitLab's security report schemas, 15.2.0, sast.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from safeload import __version__
from safeload.auditing.run import AuditReport
from safeload.report.alerts import alerts, identity, score, title
from safeload.report.invocation import Invocation
from safeload.report.markdown import listed
from safeload.report.rule_pages import HOME, url_of
from safeload.report.uris import path_of
from safeload.report.words import Group, count, counts, excluded
from safeload.rule_ids import RULE_IDS
from safeload.verdict import FileReport, Severity, Verdict

__all__ = ["as_gitlab"]

_VERSION = "15.2.0"
_SCHEMA = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/"
    f"v{_VERSION}/dist/sast-report-format.json"
)
_PLACES = 10
# The first score of each severity, as CVSS names them.
_SEVERITIES = ((9.0, "Critical"), (7.0, "High"), (4.0, "Medium"), (0.0, "Low"))
# Deserialisation of untrusted data.
_CWE = {
    "type": "cwe",
    "name": "CWE-502",
    "value": "502",
    "url": "https://cwe.mitre.org/data/definitions/502.html",
}


def as_gitlab(report: AuditReport, invocation: Invocation) -> str:
    """The report as JSON text, ASCII.

    Args:
        report: An audit's report.
        invocation: The run that it comes from.
    """
    tool = {
        "id": "safeload",
        "name": "safeload",
        "url": HOME,
        "vendor": {"name": "safeload"},
        "version": __version__,
    }
    document = {
        "version": _VERSION,
        "schema": _SCHEMA,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "sast",
            "start_time": _time(invocation.started),
            "end_time": _time(invocation.ended),
            "status": "failure" if report.unfinished else "success",
            "messages": list(_messages(report)),
            # GitLab closes what was found under a rule that is no longer among these.
            "primary_identifiers": [_identifier(rule) for rule in RULE_IDS],
        },
        "vulnerabilities": [
            _vulnerability(file, path_of(file.path, invocation.root), alert.group)
            for file in report.files
            for alert in alerts(file)
            if alert.accepted is None
        ],
    }
    return json.dumps(document, separators=(",", ":"))


def _messages(report: AuditReport) -> Iterator[dict[str, str]]:
    verdicts = [file.verdict for file in report.files]
    yield {
        "level": "info",
        "value": f"{count(len(verdicts), 'file')}: {counts(verdicts)}; "
        f"{len(report.skipped):,} skipped.",
    }
    if report.excluded is not None:
        yield {"level": "info", "value": f"{excluded(report.excluded)}."}
    if Verdict.INCOMPLETE in verdicts:
        yield {
            "level": "warn",
            "value": "Not everything was read or decided; what was not could do anything.",
        }
    if report.unfinished:
        value = f"{count(report.unfinished, 'file')} not looked at; the audit was ended."
        yield {"level": "fatal", "value": value}
    accepted = sum(len(file.suppressed) for file in report.files)
    if accepted:
        value = f"{accepted:,} left out, as the baseline accepts what was found."
        yield {"level": "info", "value": value}


def _vulnerability(file: FileReport, path: str, group: Group) -> dict[str, Any]:
    findings = group.findings[:_PLACES]
    lines = [group.about.why, "", *listed(findings)]
    more = len(group.findings) - len(findings)
    if more:
        lines += ["", f"... and {more:,} more"]
    details = {"verdict": _detail("Verdict", file.verdict.value)}
    if file.sha256:
        details["sha256"] = _detail("SHA-256", file.sha256)
    return {
        # The same in every report, for as long as the file has its name.
        "id": str(uuid5(NAMESPACE_URL, f"{url_of(group.rule)}#{identity(group)}/{path}")),
        "name": f"{group.rule}: {title(group.about)}",
        "description": "\n".join(lines),
        "severity": _severity(group),
        "solution": group.about.remedy,
        "identifiers": [_identifier(group.rule), _CWE],
        "links": [{"name": f"{group.rule} at length", "url": url_of(group.rule)}],
        "location": {"file": path},
        "details": details,
    }


def _identifier(rule: str) -> dict[str, str]:
    return {
        "type": "safeload_rule_id",
        "name": f"safeload {rule}",
        "value": rule,
        "url": url_of(rule),
    }


def _detail(name: str, value: str) -> dict[str, str]:
    return {"name": name, "type": "value", "value": value}


def _severity(group: Group) -> str:
    if group.severity is Severity.WARNING:
        return "Unknown"
    if group.severity is Severity.NOTE:
        return "Info"
    return next(name for first, name in _SEVERITIES if score(group.rule, group.weight) >= first)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
