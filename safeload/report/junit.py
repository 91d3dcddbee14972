"""The report as JUnit XML, for the page of tests of Jenkins, GitLab and others.

A file is a test: accepted is passed, refused is a failure, and what was not read in full is an
error, since a skipped test lets a build pass.

Trust: whatever is not printable is escaped, and with it everything that XML cannot hold; the rest
is written by a library.

Source: junit-10.xsd of the xUnit plugin of Jenkins.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from xml.etree import ElementTree as ET

from safeload import __version__
from safeload.auditing.run import AuditReport
from safeload.errors import plain, printable
from safeload.report.alerts import alerts, sentence
from safeload.report.invocation import Invocation
from safeload.report.rule_pages import url_of
from safeload.report.uris import path_of
from safeload.verdict import FileReport, Finding, Verdict

__all__ = ["as_junit"]

_ELEMENTS = {Verdict.REFUSE: "failure", Verdict.INCOMPLETE: "error"}
_CLASS = "safeload.audit"
_PLACES = 10
_PATH = 4096


def as_junit(report: AuditReport, invocation: Invocation) -> str:
    """The report as XML text, ASCII.

    Args:
        report: An audit's report.
        invocation: The run that it comes from.
    """
    # What somebody accepted in a baseline does not fail.
    verdicts = [file.counted for file in report.files]
    unfinished = report.unfinished > 0
    counts = {
        "tests": str(len(verdicts) + unfinished),
        "failures": str(verdicts.count(Verdict.REFUSE)),
        "errors": str(verdicts.count(Verdict.INCOMPLETE) + unfinished),
        # A clock may be set back meanwhile.
        "time": f"{max(0.0, (invocation.ended - invocation.started).total_seconds()):.3f}",
    }
    suites = ET.Element("testsuites", {"name": "safeload audit", **counts})
    moment = invocation.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(
        suites,
        "testsuite",
        {"name": "safeload audit", **counts, "skipped": "0", "timestamp": moment},
    )
    properties = ET.SubElement(suite, "properties")
    told = {"safeload": __version__, "files skipped": f"{len(report.skipped)}"}
    if report.excluded is not None:
        told["files excluded"] = f"{report.excluded.files}"
    for name, value in told.items():
        ET.SubElement(properties, "property", {"name": name, "value": value})
    if report.unfinished:
        test = ET.SubElement(suite, "testcase", {"name": "the whole", "classname": _CLASS})
        message = f"{report.unfinished:,} files were not looked at; the audit was ended."
        ET.SubElement(test, "error", {"type": "unfinished", "message": message})
    for file in report.files:
        _add(suite, file, path_of(file.path, invocation.root))
    ET.indent(suites)
    xml: bytes = ET.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return xml.decode("ascii")


def _add(suite: ET.Element, file: FileReport, path: str) -> None:
    """Add the test that a file is."""
    name = path if len(path) <= _PATH else path[: _PATH - 3] + "..."
    test = ET.SubElement(suite, "testcase", {"name": name, "classname": _CLASS})
    element = _ELEMENTS.get(file.counted)
    if element is None:
        if file.suppressed:
            ET.SubElement(test, "system-out").text = "\n" + "\n".join(_lines(file)) + "\n"
        return
    first = alerts(file)[0].group
    problem = ET.SubElement(
        test,
        element,
        {
            "type": first.rule,
            "message": plain(sentence(first)),
        },
    )
    problem.text = "\n" + "\n".join(_lines(file)) + "\n"


def _lines(file: FileReport) -> Iterator[str]:
    for alert in alerts(file):
        group, accepted = alert.group, alert.accepted
        told = group.about
        yield f"{group.rule} {group.severity.value}: {told.title}"
        if accepted is not None:
            said = plain(f"{accepted.author}: {accepted.reason}")
            yield f"  Accepted until {accepted.until}, and does not count ({said})"
        for finding in group.findings[:_PLACES]:
            yield f"  {plain(finding.message)}{_where(finding)}"
        more = len(group.findings) - _PLACES
        if more > 0:
            yield f"  ... and {more:,} more"
        yield f"  What to do: {told.remedy}"
        yield f"  {url_of(group.rule)}"
    yield f"{file.format}, {file.size:,} bytes, SHA-256 {file.sha256 or 'unknown'}"


def _where(finding: Finding) -> str:
    parts = []
    if finding.member:
        parts.append(f"in {printable(finding.member)}")
    if finding.offset is not None:
        parts.append(f"at byte {finding.offset:,}")
    return f" [{' '.join(parts)}]" if parts else ""
