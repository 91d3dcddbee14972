"""What a report says to people, line by line: counts, a tree of folders, what and why of each file.

Trust: paths and names are hostile. All of them become printable ASCII, and none is read as markup,
so that a file can neither move the cursor nor colour its own verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rich.text import Text

from safeload.auditing.run import AuditReport
from safeload.errors import printable
from safeload.report.detail import Detail
from safeload.report.folders import Folder, Leaf, tree
from safeload.report.words import (
    ACCEPTED,
    WORDS,
    Group,
    acceptances,
    caveat,
    count,
    groups,
    rules,
    tally,
    total,
)
from safeload.rule_ids import RULE_IDS
from safeload.verdict import FileReport, Finding, Severity, Verdict

__all__ = ["Line", "outline"]

_COLOURS = {Verdict.ACCEPT: "green", Verdict.REFUSE: "red", Verdict.INCOMPLETE: "yellow"}
_WEIGHTS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
# What one file may take of a screen; --format json has everything.
_FINDINGS = 20
_NAMES = 12
_PATH = 4096
# How much further what is within something stands.
_STEP = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a report.

    Attributes:
        label: What it begins with; what does not fit goes on to the right of it.
        text: What it says.
        indent: Columns before it.
    """

    label: Text
    text: Text = field(default_factory=Text)
    indent: int = 0

    @property
    def plain(self) -> str:
        """The whole line, without colours."""
        return f"{' ' * self.indent}{self.label.plain}{self.text.plain}"


def outline(report: AuditReport, detail: Detail) -> Iterator[Line]:
    """Write a report down.

    Args:
        report: An audit's report.
        detail: How much of it.

    Yields:
        Its lines; none if only what is not accepted is asked for, and there is none.
    """
    verdicts = [file.verdict for file in report.files]
    whole = Line(Text(), Text(total(report), style="bold"))
    if detail is Detail.SUMMARY:
        yield whole
        yield from _of_rules(report.files)
        return
    files: Iterable[FileReport] = report.files
    if detail is Detail.QUIET:
        # What a baseline has somebody has looked at before.
        files = [file for file in files if file.counted is not Verdict.ACCEPT]
        if not files and not report.unfinished:
            return
    elif len(verdicts) > 1:
        yield whole
    for entry in tree(files):
        yield from _entry(entry)
    # Where the eye rests when a long report has run through, they stand once more.
    yield whole
    if detail is Detail.ALL and Verdict.ACCEPT in verdicts:
        yield Line(Text(), Text(ACCEPTED))


def _of_rules(files: Sequence[FileReport]) -> Iterator[Line]:
    for rule, number in rules(files):
        about = RULE_IDS.get(rule)
        severity = Finding(rule, "").severity
        label = Text.assemble(
            (printable(rule), _WEIGHTS[severity]), f"  {count(number, 'file'):<12} "
        )
        yield Line(label, Text(about.title if about is not None else ""), _STEP)


def _entry(entry: Folder | Leaf, indent: int = 0) -> Iterator[Line]:
    if isinstance(entry, Leaf):
        yield from (replace(line, indent=line.indent + indent) for line in _file(entry))
        return
    found = tally(file.verdict for file in entry.files())
    parts: list[str | tuple[str, str]] = []
    for verdict, number in found:
        parts += [", " if parts else "", (f"{number:,} {WORDS[verdict]}", _COLOURS[verdict])]
    name = Text(f"{printable(entry.name, limit=_PATH).rstrip('/')}/", style="bold")
    yield Line(name, Text.assemble("  ", *parts), indent)
    for inner in entry.entries:
        yield from _entry(inner, indent + _STEP)


def _file(leaf: Leaf) -> Iterator[Line]:
    file = leaf.file
    size = f"  ({file.format}, {count(file.size, 'byte')})"
    title = Text.assemble((printable(leaf.name, limit=_PATH), "bold"), size)
    if file.verdict is Verdict.ACCEPT:
        title.append(f": {_read(file)}")
    label = Text(f"{file.verdict.value.upper():<10} ", style=f"bold {_COLOURS[file.verdict]}")
    yield Line(label, title)
    left = _FINDINGS
    for group in groups(file.findings):
        if left > 0:
            yield from _group(group, left)
        left -= len(group.findings)
    more = len(file.findings) - min(_FINDINGS, _FINDINGS - left)
    if more > 0:
        text = f"... and {count(more, 'more finding')} (--format json lists all)"
        yield Line(Text(), Text(text), 2 * _STEP)
    for sentence in acceptances(file):
        yield Line(Text(), Text(printable(sentence, limit=_PATH)), 2 * _STEP)
    if file.verdict is Verdict.ACCEPT:
        return
    yield from _names("not allowed", file, allowed=False)
    yield from _names("allowed", file, allowed=True)
    if caveat(file):
        yield Line(Text(), Text(caveat(file)), 2 * _STEP)


def _read(file: FileReport) -> str:
    steps = sum(member.opcodes for member in file.members)
    arrays = sum(member.arrays for member in file.members)
    return f"{count(steps, 'step')}, {count(arrays, 'array')}, {count(len(file.globals), 'name')}"


def _group(group: Group, most: int) -> Iterator[Line]:
    style = _WEIGHTS[group.severity]
    for finding in group.findings[:most]:
        label = Text.assemble((f"{printable(finding.rule)} {finding.severity.value}", style), ": ")
        yield Line(label, Text(_message(finding)), _STEP)
    if group.about.why:
        yield Line(Text("why: ", style="dim"), Text(group.about.why), 2 * _STEP)
        yield Line(Text("what to do: ", style="dim"), Text(group.about.remedy), 2 * _STEP)


def _message(finding: Finding) -> str:
    place = []
    if finding.member:
        place.append(f"in {printable(finding.member)}")
    if finding.offset is not None:
        place.append(f"at byte {finding.offset}")
    where = f" [{' '.join(place)}]" if place else ""
    return f"{_once(finding.message)}{where}"


def _once(text: str) -> str:
    """Escape a text unless that was done, so that no backslash is doubled."""
    return text if text.isascii() and text.isprintable() else printable(text, limit=_PATH)


def _names(title: str, file: FileReport, *, allowed: bool) -> Iterator[Line]:
    chosen = [item for item in file.globals if item.allowed is allowed]
    if chosen:
        yield Line(Text(), Text(f"{title}:"), 2 * _STEP)
    for item in chosen[:_NAMES]:
        text = f"{_once(item.name)} ({', '.join(item.uses)})"
        yield Line(Text(), Text(text), 3 * _STEP)
    if len(chosen) > _NAMES:
        yield Line(Text(), Text(f"... and {len(chosen) - _NAMES} more"), 3 * _STEP)
