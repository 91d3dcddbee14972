"""``packs`` and ``forbidden_packs``: which are on for a signed model, and which it may not use.

Packs are lists of allowed names that ship with safeload (:mod:`safeload.policy.packs`); some are
off unless somebody asks for them. Here they are names and nothing more.

Trust: the trust file is the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from safeload.errors import printable
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.values import lines

__all__ = ["PACKS", "PackRule", "PackRules", "pack_rule"]

# Entries that say something of packs.
PACKS = frozenset({"packs", "forbidden_packs"})


@dataclass(frozen=True, slots=True)
class PackRule:
    """What is said of packs in one place.

    Attributes:
        on: Those that are on, whatever the signer used.
        forbidden: Those that may not be used, whoever signed.
    """

    on: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PackRules:
    """What a trust file says of packs.

    Attributes:
        for_all: What it says for all models.
        by_model: What it says for one, by exact name, which outweighs what it says for all.
    """

    for_all: PackRule = PackRule()
    by_model: Mapping[str, PackRule] = field(default_factory=dict)

    @property
    def named(self) -> frozenset[str]:
        """Every pack that is named anywhere."""
        rules = [self.for_all, *self.by_model.values()]
        return frozenset().union(*(rule.on | rule.forbidden for rule in rules))

    def of(self, model: str) -> PackRule:
        """What holds for a model.

        Args:
            model: Its name as signed.
        """
        own = self.by_model.get(model, PackRule())
        return PackRule(
            on=(self.for_all.on - own.forbidden) | own.on,
            forbidden=(self.for_all.forbidden - own.on) | own.forbidden,
        )


def pack_rule(found: Mapping[str, Any], where: str, *place: str) -> PackRule:
    """What a table says of packs.

    Args:
        found: The table.
        where: What to call it.
        *place: Where it is.
    """
    on, forbidden = (
        lines(found.get(kind, []), f"{kind} of {where}", (*place, kind))
        for kind in ("packs", "forbidden_packs")
    )
    if both := on & forbidden:
        why = f"{where} asks for the allow-list {printable(min(both))!r} and forbids it"
        raise Unfit(why, *place, "forbidden_packs")
    return PackRule(on, forbidden)
