"""How is a group of findings told in a list of alerts: how bad, in one sentence, does it count?

Trust: messages were escaped when the findings were made; they are cut here.
"""

from __future__ import annotations

from dataclasses import dataclass

from safeload.report.words import Group, count, groups
from safeload.rule_ids import RuleId
from safeload.verdict import FileReport, Suppressed, Weight

__all__ = ["Alert", "alerts", "identity", "score", "sentence", "title"]

# Characters of one finding's sentence; tools show a line of it.
_LONGEST = 1_000
# How bad it is if a finding is right, from 0.1 to 10, as CVSS counts: what would run, what reaches
# memory through compiled code, what hides something from a reader, and what nobody has looked at.
_SCORES = {"SL1": 8.8, "SL4": 8.1, "SL2": 7.3, "SL3": 7.3, "SL0": 5.0, "SL9": 2.0}
_WORST, _ATTACK = 8.8, 9.8


@dataclass(frozen=True, slots=True)
class Alert:
    """Findings about a file under one rule, of one weight.

    Attributes:
        group: They.
        accepted: Who accepted them, so that they do not count; None if nobody did.
    """

    group: Group
    accepted: Suppressed | None


def score(rule: str, weight: Weight = Weight.ORDINARY) -> float:
    """How bad it is if a finding under a rule is right, from 0.1 to 10.

    Args:
        rule: Identifier such as ``"SL101"``; one that nobody has heard of counts as the worst.
        weight: That of the finding.
    """
    return _ATTACK if weight is Weight.ATTACK else _SCORES.get(rule[:3], _WORST)


def alerts(file: FileReport) -> list[Alert]:
    """What is told of a file, one alert for each rule and weight.

    Args:
        file: What a scan says about a file.

    Returns:
        What counts, the heaviest first; then what somebody accepted. Where a file is code, that
        finding stands for the others, unless it is accepted and they are not.
    """
    accepted = {each.rule: each for each in file.suppressed}
    counts = [finding for finding in file.findings if finding.rule not in accepted]
    others = [finding for finding in file.findings if finding.rule in accepted]
    return [
        *(Alert(group, None) for group in groups(counts)),
        *(Alert(group, accepted[group.rule]) for group in groups(others)),
    ]


def sentence(group: Group) -> str:
    """What the first finding says, how many more there are, and what to do about an attack.

    What to do about others is said where the rule is described.
    """
    text = group.findings[0].message
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 3] + "..."
    more = len(group.findings) - 1
    if more:
        text = f"{text} ({count(more, 'more finding')} under this rule.)"
    return f"{text} {group.about.remedy}" if group.weight is not Weight.ORDINARY else text


def identity(group: Group) -> str:
    """What tells the group from others about the same file: its rule, and what makes it heavier."""
    if group.weight is Weight.ORDINARY:
        return group.rule
    return f"{group.rule}-{group.weight.value}"


def title(about: RuleId) -> str:
    """What a rule is about, with a capital and without a full stop."""
    return about.title[0].upper() + about.title[1:]
