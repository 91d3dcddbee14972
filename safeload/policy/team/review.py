"""Review: what a person should fix in a team's policy file, or at least look at.

A policy file may allow anything. The review finds what nobody means to allow, what does nothing,
and what was never filled in. It imports nothing; :mod:`safeload.policy.team.existence` does, if
asked.

Trust: the file is the team's own. What passes a review is not thereby harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safeload.policy.callables.kinds import Signature
from safeload.policy.opt_in import packs_of
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Entry, Policy
from safeload.policy.team.catalogue import Grant, grants_of
from safeload.policy.team.gadgets import doubt, gadget
from safeload.policy.team.sight import blind_spots
from safeload.scan.program import Use
from safeload.verdict import Severity

__all__ = ["UNFILLED", "Issue", "own_entries", "review"]

# How a reason begins that a person still has to give.
UNFILLED = "FILL IN"

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing the review has to say.

    Attributes:
        severity: ERROR for what should not stand there; WARNING for what only a person can
            decide; NOTE for what is good to know.
        subject: The name, or the group, it is about.
        message: What follows the subject in a sentence.
    """

    severity: Severity
    subject: str
    message: str


def own_entries(text: bytes, source: str) -> dict[_Key, Entry]:
    """What a policy file itself lists, without the packs.

    Args:
        text: A text that was parsed as a policy.
        source: What to call it.
    """
    entries: dict[_Key, Entry] = {}
    for grant in grants_of(text, source):
        key = grant.module, grant.name
        known = entries.get(key, Entry(frozenset(), None, source))
        signature = Signature(frozenset(grant.kinds)) if grant.kinds else known.signature
        entries[key] = Entry(
            known.uses | set(grant.uses), known.rule or grant.rule, source, signature=signature
        )
    return entries


def review(text: bytes, source: str, *, importing: bool) -> Iterator[Issue]:
    """Look through a policy file.

    Args:
        text: Its text.
        source: What to call it.
        importing: Whether the names will be imported as well, which tells functions from classes.

    Yields:
        What there is to say, group by group, then name by name.

    Raises:
        UsageError: It is not a policy.
    """
    packs = Policy.parse(text, source).packs
    yield from _reasons(text, source)
    for (module, name), entry in sorted(own_entries(text, source).items()):
        path = f"{module}.{name}"
        for severity, message in _about(module, name, entry, packs):
            yield Issue(severity, path, message)
        if not _is_in_packs(module, name):
            for severity, message in blind_spots(module, name):
                yield Issue(severity, path, message)
        if Use.CALL in entry.uses and entry.rule is None and not importing:
            yield Issue(
                Severity.WARNING,
                path,
                "may be called with any arguments: give it a rule, or see with --import whether "
                "it is a class",
            )


def _is_in_packs(module: str, name: str) -> bool:
    """Whether a name is in a pack, on or off, and so was reviewed."""
    return Policy.default(packs=opt_in_packs()).get(module, name) is not None


def _reasons(text: bytes, source: str) -> Iterator[Issue]:
    groups: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants_of(text, source):
        groups.setdefault((grant.uses, grant.rule, grant.reason), []).append(grant)
    for (_, _, reason), grants in groups.items():
        more = f" and {len(grants) - 1} more" if len(grants) > 1 else ""
        subject = f"the group of {grants[0].module}.{grants[0].name}{more}"
        if not str(reason).strip():
            yield Issue(Severity.ERROR, subject, "gives no reason")
        elif str(reason).startswith(UNFILLED):
            yield Issue(Severity.ERROR, subject, "has a reason that still has to be filled in")


def _about(
    module: str, name: str, entry: Entry, packs: frozenset[str]
) -> Iterator[tuple[Severity, str]]:
    off = packs_of([(module, name)]) - packs
    if off:
        yield (
            Severity.WARNING,
            f'is on the allow-list {min(off)}, off by default: packs = ["{min(off)}"] is better',
        )
        return
    pack = Policy.default(packs=packs).get(module, name)
    if pack is not None:
        beyond = entry.uses - pack.uses
        if not beyond:
            yield Severity.NOTE, "is already on the built-in allow-lists for all of these uses"
        else:
            left_out = ", ".join(sorted(beyond))
            yield (
                Severity.WARNING,
                f"is on the built-in allow-lists, which leave this use of it out: {left_out}",
            )
        return
    danger = gadget(module, name)
    if danger is not None:
        yield Severity.ERROR, danger
        return
    reason = doubt(module, name)
    if reason is not None:
        yield Severity.NOTE, reason
