"""In which words and in which order do reports for people speak? The console's and the HTML page's.

Trust: messages and rules come from the scan; what a file says in them was escaped there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from safeload.auditing.excluding import Excluded
from safeload.auditing.run import AuditReport
from safeload.report.leading import leading
from safeload.rule_ids import PACK_IS_OFF, RuleId, about
from safeload.verdict import FileReport, Finding, Severity, Verdict, Weight

__all__ = [
    "ACCEPTED",
    "WORDS",
    "Group",
    "acceptances",
    "by_weight",
    "caveat",
    "count",
    "counts",
    "excluded",
    "groups",
    "ranking",
    "rules",
    "tally",
    "total",
]

ACCEPTED = (
    "Accepted: loads nothing off the allow-list. Who made it, and what it predicts, is another "
    "matter."
)
WORDS = {
    Verdict.ACCEPT: "accepted",
    Verdict.REFUSE: "refused",
    Verdict.INCOMPLETE: "incomplete",
}
_UNREAD = "Not everything was read; what was not read could do anything."
_PACK_IS_OFF = "Everything was read, but what that allow-list covers is not checked in full."
_RANKS = {Verdict.REFUSE: 0, Verdict.INCOMPLETE: 1, Verdict.ACCEPT: 2}
_WEIGHTS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Group:
    """Findings about one file under one rule, that a person should take for the same.

    Attributes:
        rule: Its identifier.
        weight: What to take them for.
        about: What the rule means, and what to do.
        severity: How much each of them weighs.
        findings: At least one.
    """

    rule: str
    weight: Weight
    about: RuleId
    severity: Severity
    findings: tuple[Finding, ...]


def count(number: int, noun: str) -> str:
    """A number and what it counts: ``"1 file"``, ``"1,200 files"``.

    Args:
        number: At least 0.
        noun: In the singular; its plural takes an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def tally(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, int]]:
    """How many files have each verdict that any of them has, accepted ones first."""
    found = Counter(verdicts)
    return [(verdict, found[verdict]) for verdict in WORDS if found[verdict]]


def counts(verdicts: Iterable[Verdict]) -> str:
    """How many files have each verdict: ``"1 accepted, 2 refused, 0 incomplete"``.

    Args:
        verdicts: One for each file.
    """
    found = Counter(verdicts)
    return ", ".join(f"{found[verdict]:,} {word}" for verdict, word in WORDS.items())


def total(report: AuditReport) -> str:
    """The whole report in a line: how many files there are, and what became of them."""
    text = f"{count(len(report.files), 'file')}: {counts(file.verdict for file in report.files)}"
    if report.skipped:
        text += f"; {count(len(report.skipped), 'other file')} skipped"
    if report.excluded is not None:
        text += f"; {excluded(report.excluded)}"
    if report.unfinished:
        text += f"; {count(report.unfinished, 'file')} not looked at"
    return text


def excluded(left_out: Excluded) -> str:
    """How many files were left out because the caller wanted it: ``"3 files excluded"``."""
    return f"{count(left_out.files, 'file')} excluded"


def acceptances(file: FileReport) -> list[str]:
    """What somebody accepted of a file, and whether that still holds, a sentence each.

    Args:
        file: The report on it; its baseline's words are shown as they are.
    """
    holds = "is accepted until {}, and does not count"
    is_over = "was accepted until {}, and counts again"
    return [
        f"{one.rule} {state.format(one.until)} ({one.author}: {one.reason})"
        for state, accepted in ((holds, file.suppressed), (is_over, file.expired))
        for one in accepted
    ]


def ranking(file: FileReport) -> tuple[int, bool, int, str]:
    """What files are sorted by: verdict, attacks, how much speaks against them, and the path."""
    errors = sum(finding.severity is Severity.ERROR for finding in file.findings)
    no_attack = all(finding.weight is not Weight.ATTACK for finding in file.findings)
    return _RANKS[file.verdict], no_attack, -errors, file.path


def by_weight(files: Iterable[FileReport]) -> list[FileReport]:
    """Sort files: refused ones first, of these attacks, then the ones with most against them."""
    return sorted(files, key=ranking)


def groups(findings: Sequence[Finding]) -> list[Group]:
    """What to show of the findings about a file: by rule and weight, what weighs most first.

    Args:
        findings: All of them, in the judge's order.
    """
    found: dict[tuple[str, Weight], list[Finding]] = {}
    for finding in leading(findings):
        found.setdefault((finding.rule, finding.weight), []).append(finding)
    made = [
        Group(rule, weight, about(rule, weight), same[0].severity, tuple(same))
        for (rule, weight), same in found.items()
    ]
    return sorted(made, key=lambda group: _WEIGHTS[group.severity])


def rules(files: Iterable[FileReport]) -> list[tuple[str, int]]:
    """The rules that have findings, each with the number of files, most files first."""
    found = Counter(rule for file in files for rule in {one.rule for one in leading(file.findings)})
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def caveat(file: FileReport) -> str:
    """What is to be said of an incomplete file as a whole; an empty text for others."""
    if file.verdict is not Verdict.INCOMPLETE:
        return ""
    # All that keeps it from being accepted may be a pack that is off.
    read = all(finding.rule == PACK_IS_OFF for finding in file.findings if finding.is_unread)
    return _PACK_IS_OFF if read else _UNREAD
