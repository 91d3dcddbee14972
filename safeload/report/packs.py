"""The packs that ship with safeload, as lines for people and as JSON: which are on, and why.

Trust: packs are part of safeload.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from safeload.policy.packs import Pack, shipped_packs
from safeload.policy.policy import Policy

__all__ = ["as_document", "lines_of"]


def lines_of(policy: Policy) -> Iterator[str]:
    """The packs for people: those that are on first.

    Args:
        policy: Says which of them are on.
    """
    packs = sorted(shipped_packs().values(), key=lambda pack: (not _is_on(pack, policy), pack.name))
    for pack in packs:
        state = "on" if _is_on(pack, policy) else "off"
        yield f"{pack.name}: {state}, {_names(pack):,} names"
        yield f"  {_by_default(pack)}: {pack.why}"


def as_document(policy: Policy) -> list[dict[str, Any]]:
    """The packs as JSON types.

    Args:
        policy: Says which of them are on.
    """
    return [_document(pack, policy) for pack in shipped_packs().values()]


def _document(pack: Pack, policy: Policy) -> dict[str, Any]:
    return {
        "name": pack.name,
        "on": _is_on(pack, policy),
        "opt_in": pack.opt_in,
        "formats": sorted(pack.formats),
        "why": pack.why,
        "releases": tomllib.loads(pack.text.decode("utf-8")).get("releases", []),
        "distributions": list(pack.distributions),
        "names": _names(pack),
    }


def _by_default(pack: Pack) -> str:
    if pack.formats:
        return f"on for files of the formats {', '.join(sorted(pack.formats))}"
    return "off by default" if pack.opt_in else "on by default"


def _is_on(pack: Pack, policy: Policy) -> bool:
    return pack.is_core or pack.name in policy.packs


def _names(pack: Pack) -> int:
    return len(Policy.of_pack(pack.name).entries)
