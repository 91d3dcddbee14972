"""What a policy allows, as lines for people and as JSON.

Trust: packs and policy files are trusted; a name that somebody asked for may be anything, and is
escaped.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from safeload.errors import printable
from safeload.policy.opt_in import packs_of
from safeload.policy.rules import RULES
from safeload.policy.team.catalogue import Catalogue, Grant, Listed
from safeload.policy.team.gadgets import doubt, gadget

__all__ = ["Chosen", "as_document", "chosen_of", "lines_of"]

_NEAR = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody asked for.

    Attributes:
        listed: Names on the list.
        unknown: Names that are not.
    """

    listed: tuple[Listed, ...]
    unknown: tuple[str, ...]


def chosen_of(catalogue: Catalogue, names: Sequence[str], library: str | None) -> Chosen:
    """Choose from a catalogue.

    Args:
        catalogue: What is allowed.
        names: Names to look up, or none for all.
        library: Only what this library's pack, or this file, lists; None for all.
    """
    pool = list(catalogue) if library is None else catalogue.of_library(library)
    if not names:
        return Chosen(tuple(pool), ())
    keys = {(listed.module, listed.name) for listed in pool}
    listed: dict[str, Listed] = {}
    unknown = []
    for name in names:
        found = [item for item in catalogue.find(name) if (item.module, item.name) in keys]
        listed.update((item.path, item) for item in found)
        if not found:
            unknown.append(name)
    return Chosen(tuple(listed.values()), tuple(unknown))


def as_document(chosen: Chosen) -> dict[str, Any]:
    """What was chosen, as JSON types.

    Args:
        chosen: Names on the list, and others.
    """
    return {
        "entries": [_entry(listed) for listed in chosen.listed],
        "unknown": [{"name": name, "reason": _why_not(name)} for name in chosen.unknown],
    }


def _entry(listed: Listed) -> dict[str, Any]:
    return {
        "module": listed.module,
        "name": listed.name,
        "uses": [str(use) for use in listed.uses],
        "rule": listed.entry.rule,
        "grants": [
            {
                "uses": [str(use) for use in grant.uses],
                "kinds": [*grant.kinds],
                "reason": grant.reason,
                "source": grant.source,
                "library": grant.library,
            }
            for grant in listed.grants
        ],
    }


def lines_of(catalogue: Catalogue, chosen: Chosen, *, in_full: bool) -> Iterator[str]:
    """What was chosen, for people.

    Args:
        catalogue: Where it was chosen from.
        chosen: Names on the list, and others.
        in_full: One paragraph a name, instead of names listed by group.

    Yields:
        Lines; those of names that are not on the list last.
    """
    yield from _paragraphs(chosen.listed) if in_full else _by_group(chosen.listed)
    for name in chosen.unknown:
        yield f"{printable(name)}: not on the allow-list"
        yield f"  {_why_not(name)}"
        near = catalogue.near(name)
        if near:
            more = f" and {len(near) - _NEAR} more" if len(near) > _NEAR else ""
            yield f"  on the allow-list: {', '.join(item.path for item in near[:_NEAR])}{more}"


def _paragraphs(listed: Iterable[Listed]) -> Iterator[str]:
    for item in listed:
        yield f"{item.path}: {', '.join(item.uses)}{_rule(item.entry.rule)}"
        for grant in item.grants:
            what = _called(grant.kinds) or ", ".join(grant.uses)
            yield f"  {what}: {grant.reason or 'no reason given'} [{grant.source}]"
        if item.entry.rule:
            admits = (inspect.getdoc(RULES[item.entry.rule]) or "").partition("\n")[0]
            yield f"  {item.entry.rule} admits: {admits.replace('``', '`')}"


def _by_group(listed: Iterable[Listed]) -> Iterator[str]:
    groups: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
    for item in listed:
        for grant in item.grants:
            modules = groups.setdefault(_key(grant), {})
            modules.setdefault(grant.module, []).append(grant.name)
    for (library, reason, what, rule), modules in sorted(groups.items()):
        yield f"{library}: {what}{_rule(rule)}: {reason or 'no reason given'}"
        for module, names in sorted(modules.items()):
            yield f"  {module}: {', '.join(sorted(names))}"


def _key(grant: Grant) -> tuple[str, str, str, str]:
    what = _called(grant.kinds) or ", ".join(grant.uses)
    return grant.library, grant.reason, what, grant.rule or ""


def _called(kinds: tuple[str, ...]) -> str:
    return f"callable ({', '.join(kinds)})" if kinds else ""


def _rule(rule: str | None) -> str:
    return f" (rule {rule})" if rule else ""


def _pack_of(path: str) -> str | None:
    """The pack that is off by default and lists a name, or None."""
    module, colon, name = path.partition(":")
    dots = [index for index, letter in enumerate(path) if letter == "."]
    keys = [(module, name)] if colon else [(path[:dot], path[dot + 1 :]) for dot in dots]
    return min(packs_of(keys), default=None)


def _why_not(path: str) -> str:
    """Why a name is not on the list, as far as that is known of it."""
    module, colon, name = path.partition(":")
    if not colon:
        module, _, name = path.rpartition(".")
    if not module:
        return "it has no module; write it as in numpy.log1p"
    pack = _pack_of(path)
    if pack is not None:
        return (
            f"it is on the allow-list {pack}, which is off by default; --pack {pack} switches it on"
        )
    reason = gadget(module, name) or doubt(module, name)
    return (
        f"it {reason}"
        if reason
        else "nothing is known of it; if it is yours, a policy file can add it"
    )
