"""The report as Markdown, for a comment on a pull request.

A table of the files that are not accepted, and what was found in each, folded away. It fits into
one comment; what does not fit is counted.

Trust: whatever comes from a file stands within ``<code>`` in a block of HTML, with a character
reference for each character that could be more than itself. Markdown looks for no markup and no
address in such a block, and what makes links of names and numbers afterwards leaves code alone.

Source: GitHub Flavored Markdown, sections 2.5 and 4.6; GitHub's limit on comments.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator

from safeload.auditing.run import AuditReport
from safeload.errors import printable
from safeload.report.alerts import Alert, alerts
from safeload.report.rule_pages import url_of
from safeload.report.words import ACCEPTED, WORDS, by_weight, count, counts, excluded
from safeload.verdict import FileReport, Finding, Verdict

__all__ = ["as_markdown", "code", "listed"]

# Characters that GitHub takes in a comment, less what the last lines need.
_LONGEST = 65_536 - 1_024
_ROWS = _LONGEST // 2
_PATH, _SENTENCE = 200, 500
_PLACES = 5
_NAMES = 12
_PLAIN = re.compile(r"[^A-Za-z0-9 /-]")


def code(text: str, *, limit: int = _SENTENCE) -> str:
    """Text from a file as HTML that shows just that text, in one line.

    Args:
        text: Hostile text.
        limit: Characters that are shown, at most.
    """
    shown = printable(text, limit=limit)
    return f"<code>{_PLAIN.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"


def as_markdown(report: AuditReport) -> str:
    """The report as Markdown, ASCII, of at most 65,536 characters.

    Args:
        report: An audit's report.
    """
    verdicts = [file.verdict for file in report.files]
    lines = [f"## safeload audit: {WORDS[report.verdict] if verdicts else 'no model'}", ""]
    skipped = f" Skipped, not models: {len(report.skipped):,}." if report.skipped else ""
    if report.excluded is not None:
        skipped += f" Left out on purpose: {excluded(report.excluded)}."
    lines += [f"{count(len(verdicts), 'file')}: {counts(verdicts)}.{skipped}", ""]
    if report.unfinished:
        lines += [f"**Not looked at: {report.unfinished:,}**, as the audit was ended.", ""]
    found = [file for file in by_weight(report.files) if file.verdict is not Verdict.ACCEPT]
    if found:
        lines += ["<table>", "<tr><th>verdict</th><th>file</th><th>found</th></tr>"]
        left = _fit(lines, found, _row, _ROWS)
        if left:
            lines.append(f"<tr><td></td><td>... and {left:,} more files</td><td></td></tr>")
        lines += ["</table>", ""]
        left = _fit(lines, found, _details, _LONGEST)
        if left:
            lines += [f"What was found in {left:,} more files is in the JSON report.", ""]
    return "\n".join([*lines, ACCEPTED, ""])


def _fit(
    lines: list[str],
    files: list[FileReport],
    form: Callable[[FileReport], Iterable[str]],
    limit: int,
) -> int:
    """Add what is said of each file as long as there is room; how many files are left."""
    used = sum(len(line) + 1 for line in lines)
    for number, file in enumerate(files):
        added = [*form(file)]
        used += sum(len(line) + 1 for line in added)
        if used > limit:
            return len(files) - number
        lines += added
    return 0


def _row(file: FileReport) -> Iterator[str]:
    found = alerts(file)
    what = f"{_link(found[0].group.rule)} {_prose(found[0].group.about.title)}"
    if len(found) > 1:
        what += f", and {len(found) - 1} more"
    if file.counted is Verdict.ACCEPT:
        what += "; accepted in the baseline"
    yield (
        f"<tr><td><strong>{WORDS[file.verdict]}</strong></td>"
        f"<td>{code(file.path, limit=_PATH)}</td><td>{what}</td></tr>"
    )


def _details(file: FileReport) -> Iterator[str]:
    yield f"<details><summary>{code(file.path, limit=_PATH)}: {WORDS[file.verdict]}</summary>"
    yield "<ul>"
    for alert in alerts(file):
        yield from _alert(alert)
    forbidden = [item for item in file.globals if not item.allowed]
    if forbidden:
        names = ", ".join(code(item.name, limit=_PATH) for item in forbidden[:_NAMES])
        more = len(forbidden) - _NAMES
        yield f"<li>Not allowed: {names}{f' and {more:,} more' if more > 0 else ''}</li>"
    if file.sha256:
        form = code(file.format)
        yield f"<li>{form}, {file.size:,} bytes, SHA-256 {code(file.sha256)}</li>"
    yield from ("</ul>", "</details>", "")


def _alert(alert: Alert) -> Iterator[str]:
    group, accepted = alert.group, alert.accepted
    told = group.about
    times = f" ({len(group.findings):,} times)" if len(group.findings) > 1 else ""
    yield f"<li>{_link(group.rule)} {group.severity.value}: {_prose(told.title)}{times}"
    if accepted is not None:
        said = code(f"{accepted.author}: {accepted.reason}")
        yield f"<br>Accepted until {accepted.until}, and does not count: {said}"
    yield from listed(group.findings[:_PLACES])
    yield f"What to do: {_prose(told.remedy)}</li>"


def listed(findings: Iterable[Finding]) -> Iterator[str]:
    """Findings as the lines of a list in HTML, each with its place."""
    yield "<ul>"
    for finding in findings:
        parts = []
        if finding.member:
            parts.append(f"in {code(finding.member, limit=_PATH)}")
        if finding.offset is not None:
            parts.append(f"at byte {finding.offset:,}")
        place = f" ({' '.join(parts)})" if parts else ""
        yield f"<li>{code(finding.message)}{place}</li>"
    yield "</ul>"


def _prose(text: str) -> str:
    """Our own words as HTML, with code where they have backticks."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _link(rule: str) -> str:
    return f'<a href="{url_of(rule)}">{html.escape(rule)}</a>'
