"""The report as SARIF 2.1.0, for code scanning at GitHub, Azure DevOps and in editors.

A file and a rule make one result, with the places of its first findings. Results keep within what
GitHub takes; what had to be left out is said in a notification of the run.

Trust: paths are percent-encoded; messages were escaped when the findings were made, and cannot form
a link here.

Source: SARIF 2.1.0 with errata 01, sections 3.11, 3.14, 3.20, 3.27, 3.30 and 3.49; GitHub's limits
on uploads.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from safeload import __version__
from safeload.auditing.run import AuditReport
from safeload.errors import plain
from safeload.report.alerts import alerts, identity, score, sentence, title
from safeload.report.invocation import Invocation
from safeload.report.rule_pages import HOME, url_of
from safeload.report.uris import Uri, uri_of
from safeload.report.words import Group, excluded
from safeload.rule_ids import about
from safeload.verdict import FileReport, Finding, Severity, Suppressed, Verdict, Weight

__all__ = ["as_sarif"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
# GitHub refuses a run of more results, and a file that is larger once it is compressed.
_RESULTS = 25_000
_COMPRESSED = 10_000_000
# Places of findings that a result names.
_PLACES = 10
# Files that could not be read in full and are named one by one; all of them are results as well.
_NAMED = 100
# Formats in which an offset in a file's own stream is one in the file.
_BARE = {"pickle", "joblib"}
_WEIGHTS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_EFFECTS = {
    Severity.ERROR: "refused",
    Severity.WARNING: "incomplete",
    Severity.NOTE: "none",
}
# The rank of an attack; others have none.
_FIRST = 100.0
_EXITS = {0: "accepted", 1: "refused", 3: "could not decide"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A result to be: a file, by its number, and what was found in it under one rule and weight."""

    file: FileReport
    number: int
    uri: Uri
    group: Group
    accepted: Suppressed | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """How much of a report is kept.

    Attributes:
        results: So many results.
        every_file: Whether files without results are listed.
    """

    results: int
    every_file: bool


def as_sarif(report: AuditReport, invocation: Invocation) -> str:
    """The report as SARIF text, ASCII.

    Args:
        report: An audit's report.
        invocation: The run that it comes from.
    """
    uris = [uri_of(file.path, invocation.root) for file in report.files]
    found = [
        _Found(file, number, uri, alert.group, alert.accepted)
        for number, (file, uri) in enumerate(zip(report.files, uris, strict=True))
        for alert in alerts(file)
    ]
    for kept, every in _attempts(len(found)):
        log = _log(report, invocation, uris, found, _Cut(kept, every_file=every))
        text = json.dumps(log, separators=(",", ":"))
        if len(text) <= _COMPRESSED or len(gzip.compress(text.encode(), 6)) <= _COMPRESSED:
            break
    return text


def _attempts(found: int) -> Iterator[tuple[int, bool]]:
    """How many results to keep, and whether to list files without any: less and less."""
    kept = min(found, _RESULTS)
    yield kept, True
    while kept:
        yield kept, False
        kept //= 2
    yield 0, False


def _log(
    report: AuditReport, invocation: Invocation, uris: list[Uri], found: list[_Found], cut: _Cut
) -> dict[str, Any]:
    """The whole document."""
    results = _weightiest(found, cut.results)
    rules = sorted({one.group.rule for one in results})
    places = {rule: at for at, rule in enumerate(rules)}
    # Either all results say whether somebody accepted them, or none does.
    says = any(one.file.suppressed for one in results)
    numbers = [*range(len(uris))] if cut.every_file else sorted({one.number for one in results})
    # A file that was given twice is one artifact.
    artifacts: dict[tuple[Uri, str], int] = {}
    listed: list[dict[str, Any]] = []
    for number in numbers:
        key = uris[number], report.files[number].sha256
        if artifacts.setdefault(key, len(listed)) == len(listed):
            listed.append(_artifact(report.files[number], uris[number]))
    run = {
        "tool": {"driver": _driver(rules)},
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The folder in which safeload was started."}}
        },
        "invocations": [_invocation(report, invocation, found, cut)],
        "artifacts": listed,
        "results": [
            _result(one, places[one.group.rule], artifacts[one.uri, one.file.sha256], says=says)
            for one in results
        ],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _weightiest(found: list[_Found], kept: int) -> list[_Found]:
    """So many results, refusals before what was not read, in the order of the files."""
    chosen = sorted(range(len(found)), key=lambda at: _WEIGHTS[found[at].group.severity])[:kept]
    return [found[at] for at in sorted(chosen)]


def _driver(rules: list[str]) -> dict[str, Any]:
    return {
        "name": "safeload",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: str) -> dict[str, Any]:
    """A rule as it is for all findings; what weighs more says more in its own message."""
    told, severity = about(rule), Finding(rule, "").severity
    link = url_of(rule)
    return {
        "id": rule,
        "shortDescription": {"text": _text(f"{title(told)}.")},
        "fullDescription": {"text": _text(f"{title(told)} ({_EFFECTS[severity]}). {told.why}")},
        "help": {
            "text": _text(f"{told.why} What to do: {told.remedy}"),
            "markdown": f"{told.why}\n\n**What to do:** {told.remedy}\n\n[More on {rule}]({link})",
        },
        "helpUri": link,
        "defaultConfiguration": {"level": severity.value},
        "properties": {
            "precision": "high",
            "problem.severity": "recommendation" if severity is Severity.NOTE else severity.value,
            "security-severity": f"{score(rule):.1f}",
            # Deserialisation of untrusted data.
            "tags": ["security", "external/cwe/cwe-502"],
        },
    }


def _invocation(
    report: AuditReport, invocation: Invocation, found: list[_Found], cut: _Cut
) -> dict[str, Any]:
    unread = [file for file in report.files if file.verdict is Verdict.INCOMPLETE]
    notes = [
        _notification(
            "incomplete",
            f"Not everything was read or decided, so nobody knows what it would do: {file.format}.",
            uri_of(file.path, invocation.root),
        )
        for file in unread[:_NAMED]
    ]
    if len(unread) > _NAMED:
        more = len(unread) - _NAMED
        notes.append(_notification("incomplete", f"{more:,} more files were not read in full."))
    notes += [_notification("remark", remark) for remark in report.remarks]
    if report.unfinished:
        notes.append(
            _notification("unfinished", f"{report.unfinished:,} files were not looked at.")
        )
    if report.excluded is not None:
        notes.append(_notification("excluded", f"{excluded(report.excluded)}."))
    left_out = len(found) - cut.results
    if left_out or not cut.every_file:
        notes.append(
            _notification(
                "cut",
                f"To keep within what GitHub takes ({_RESULTS:,} results, "
                f"{_COMPRESSED // 10**6} MB compressed), {left_out:,} of {len(found):,} results "
                f"were left out{'' if cut.every_file else ', and files without results'}. "
                "The JSON report has all of them.",
            )
        )
    return {
        "executionSuccessful": not report.unfinished,
        "exitCode": invocation.exit_code,
        "exitCodeDescription": _EXITS.get(invocation.exit_code, "ended otherwise"),
        "startTimeUtc": _time(invocation.started),
        "endTimeUtc": _time(invocation.ended),
        "toolExecutionNotifications": notes,
    }


def _notification(name: str, text: str, uri: Uri | None = None) -> dict[str, Any]:
    note: dict[str, Any] = {
        "descriptor": {"id": name},
        "level": "warning",
        "message": {"text": _text(text)},
    }
    if uri is not None:
        note["locations"] = [{"physicalLocation": {"artifactLocation": _location(uri)}}]
    return note


def _artifact(file: FileReport, uri: Uri) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": _location(uri), "roles": ["analysisTarget"]}
    if file.sha256:
        artifact |= {"length": file.size, "hashes": {"sha-256": file.sha256}}
    return artifact


def _location(uri: Uri) -> dict[str, Any]:
    return {"uri": uri.text, **({"uriBaseId": _ROOT} if uri.is_relative else {})}


def _result(one: _Found, rule: int, artifact: int, *, says: bool) -> dict[str, Any]:
    """One result.

    What was not read is a warning that fails, too: a result of the kind "open" has no level, and
    viewers leave out what has none.
    """
    group = one.group
    places = list(_places(one, artifact))
    result: dict[str, Any] = {
        "ruleId": group.rule,
        "ruleIndex": rule,
        "level": group.severity.value,
        "message": {"text": _text(sentence(group))},
        "locations": places[:1],
        "partialFingerprints": _fingerprints(identity(group), one.uri),
        "occurrenceCount": len(group.findings),
        "properties": {"verdict": one.file.verdict.value, "weight": group.weight.value},
    }
    if group.weight is Weight.ATTACK:
        result["rank"] = _FIRST
    if says:
        result["suppressions"] = _suppressions(one)
    if len(places) > 1:
        result["relatedLocations"] = [
            {"id": number, **place} for number, place in enumerate(places[1:], 1)
        ]
    return result


def _suppressions(one: _Found) -> list[dict[str, Any]]:
    accepted = one.accepted
    if accepted is None:
        return []
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": _text(accepted.reason),
            "properties": {"author": plain(accepted.author), "until": accepted.until},
        }
    ]


def _places(one: _Found, artifact: int) -> Iterable[dict[str, Any]]:
    """Where the first findings are, each place once; for a finding that has none, the file."""
    known = set()
    for number, finding in enumerate(one.group.findings):
        key = (finding.member, finding.offset)
        if key in known:
            continue
        known.add(key)
        yield _place(one, finding, artifact, told=number > 0)
        if len(known) == _PLACES:
            return


def _place(one: _Found, finding: Finding, artifact: int, *, told: bool) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _location(one.uri) | {"index": artifact}}
    place: dict[str, Any] = {"physicalLocation": physical}
    if told:
        place["message"] = {"text": _text(finding.message)}
    bare = not finding.member and one.file.format in _BARE
    if finding.offset is not None and bare:
        physical["region"] = {"byteOffset": finding.offset}
    elif one.file.sha256:
        # The whole file: viewers ask for a region.
        physical["region"] = {"byteOffset": 0, "byteLength": one.file.size}
    if finding.offset is not None and not bare:
        # It counts from the start of what was unpacked, which is nowhere in the file itself.
        place["properties"] = {"offsetInMember": finding.offset}
    if finding.member:
        place["logicalLocations"] = [
            {"fullyQualifiedName": _text(finding.member), "kind": "resource"}
        ]
    return place


def _fingerprints(name: str, uri: Uri) -> dict[str, str]:
    """What tells a result from others when the file is written anew, with the same thing in it."""
    digest = hashlib.sha256(f"{name}\n{uri.text}".encode()).hexdigest()
    return {"safeload/v1": digest, "primaryLocationLineHash": f"{digest[:16]}:1"}


def _text(text: str) -> str:
    """Printable text that is read as it stands: braces are doubled, no bracket begins a link."""
    return plain(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
