"""The audit's report for people: a verdict a file, and what it rests on.

Trust: paths and names are hostile. All of them become printable ASCII, and none is read as markup,
so that a file can neither move the cursor nor colour its own verdict.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from safeload.auditing.run import AuditReport
from safeload.errors import printable
from safeload.policy.code_by_value import leading
from safeload.policy.opt_in import PACK_IS_OFF
from safeload.verdict import FileReport, Finding, Severity, Suppressed, Verdict

__all__ = ["PlainConsole", "as_text", "print_report"]

_STYLES = {
    Verdict.ACCEPT: "bold green",
    Verdict.REFUSE: "bold red",
    Verdict.INCOMPLETE: "bold yellow",
}
_UNDECIDED = {
    False: "Not everything was read; what was not read could do anything.",
    True: "Everything was read; what the pack is for is not checked in full.",
}
_WEIGHTS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
# What one file may take of a screen; --format json has everything.
_FINDINGS = 20
_NAMES = 12
_PATH = 4096


class PlainConsole(Console):
    """A console that adds nothing to what it prints, and lets a closed pipe be an error.

    Args:
        file: What to write to; standard output by default.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        super().__init__(file=file or sys.stdout, highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command line; rich would end the process with 1, refused."""
        raise BrokenPipeError


def print_report(report: AuditReport, *, file: TextIO | None = None) -> None:
    """Write a report.

    Args:
        report: An audit's report.
        file: Where to; standard output by default.
    """
    console = PlainConsole(file)
    for one in report.files:
        for line in _file(one):
            # A pipe gets each line whole, whatever width a terminal would have.
            console.print(line, soft_wrap=not console.is_terminal)
    for line in _summary(report):
        console.print(line, soft_wrap=not console.is_terminal)


def as_text(report: AuditReport) -> str:
    """The report as plain text, as a pipe gets it."""
    text = io.StringIO()
    print_report(report, file=text)
    return text.getvalue()


def _file(report: FileReport) -> list[Text]:
    name = printable(report.path, limit=_PATH)
    lines = [
        Text.assemble(
            (f"{report.verdict.value.upper():<10} ", _STYLES[report.verdict]),
            (name, "bold"),
            f"  ({report.format}, {report.size:,} bytes)",
        )
    ]
    leaders = leading(report.findings)
    shown = sorted(leaders, key=lambda finding: _WEIGHTS[finding.severity])[:_FINDINGS]
    lines += [_finding(finding) for finding in shown]
    lines += [_accepted_by(each, over=False) for each in report.suppressed]
    lines += [_accepted_by(each, over=True) for each in report.expired]
    more = len(report.findings) - len(shown)
    if more > 0:
        lines.append(Text(f"    ... and {_count(more, 'more finding')} (--format json lists all)"))
    if report.verdict is Verdict.ACCEPT:
        lines.append(_accepted(report))
        return lines
    if report.globals:
        lines += _names("not allowed", report, allowed=False)
        lines += _names("allowed", report, allowed=True)
    if report.verdict is Verdict.INCOMPLETE:
        lines.append(Text(f"    {_UNDECIDED[_was_read(report)]}"))
    return lines


def _accepted_by(accepted: Suppressed, *, over: bool) -> Text:
    """What somebody accepted: it is shown, and does not count."""
    said = f"{printable(accepted.author)}: {printable(accepted.reason, limit=_PATH)}"
    until = f"was accepted until {accepted.until}, and counts again"
    if not over:
        until = f"is accepted until {accepted.until}, and does not count"
    return Text(f"    {accepted.rule} {until} ({said})")


def _was_read(report: FileReport) -> bool:
    """Whether all that keeps a file from being accepted is a pack that is off."""
    return all(f.rule == PACK_IS_OFF for f in report.findings if f.is_unread)


def _finding(finding: Finding) -> Text:
    style = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
    place = []
    if finding.member:
        place.append(f"in {printable(finding.member)}")
    if finding.offset is not None:
        place.append(f"at byte {finding.offset}")
    where = f" [{' '.join(place)}]" if place else ""
    return Text.assemble(
        "  ", (f"{finding.rule} {finding.severity.value}", style[finding.severity]), ": ",
        printable(finding.message, limit=_PATH), where,
    )  # fmt: skip


def _names(title: str, report: FileReport, *, allowed: bool) -> list[Text]:
    chosen = [item for item in report.globals if item.allowed is allowed]
    lines = [Text(f"    {title}:")] if chosen else []
    lines += [
        Text(f"      {printable(item.name)} ({', '.join(item.uses)})") for item in chosen[:_NAMES]
    ]
    more = len(chosen) - _NAMES
    if more > 0:
        lines.append(Text(f"      ... and {more} more"))
    return lines


def _accepted(report: FileReport) -> Text:
    arrays = sum(member.arrays for member in report.members)
    opcodes = sum(member.opcodes for member in report.members)
    return Text(
        f"    read in full: {_count(opcodes, 'step')}, {_count(arrays, 'array')}; "
        f"{_count(len(report.globals), 'name')}, all on the allow-list"
    )


def _summary(report: AuditReport) -> list[Text]:
    verdicts = [file.verdict for file in report.files]
    parts = [
        f"{verdicts.count(verdict)} {word}"
        for verdict, word in (
            (Verdict.ACCEPT, "accepted"),
            (Verdict.REFUSE, "refused"),
            (Verdict.INCOMPLETE, "incomplete"),
        )
    ]
    summary = f"{_count(len(verdicts), 'file')}: {', '.join(parts)}"
    if report.skipped:
        summary += f"; {_count(len(report.skipped), 'other file')} skipped"
    lines = [Text(summary, style="bold")]
    if Verdict.ACCEPT in verdicts:
        lines.append(
            Text(
                "Accepted: loads nothing off the allow-list. Who made it, and what it predicts, "
                "is another matter."
            )
        )
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
