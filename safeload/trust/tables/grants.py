"""What may a signer sign, from when until when? The same for keys, certificates and identities.

Trust: the trust file is the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safeload.errors import printable
from safeload.trust.names import matches, why_no_pattern
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.values import digests, line, moment

__all__ = ["GRANT", "Grant", "granted", "patterns"]

# Entries that say what a signer may sign.
GRANT = frozenset({"models", "not_before", "not_after", "only"})
_ANY_MODEL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A signer with what it may sign.

    Attributes:
        name: Who it is, as the trust file says; no two signers of a file have one name.
        models: Patterns of the model names that it may sign, at least one.
        not_before: When trust in it begins, or None.
        not_after: When trust in it ends, or None.
        only: The SHA-256 of the statements that it is still trusted with, or None for all.
    """

    name: str
    models: tuple[str, ...]
    not_before: datetime | None = None
    not_after: datetime | None = None
    only: frozenset[str] | None = None

    def is_current(self, now: datetime) -> bool:
        """Whether trust in the signer has begun and not ended at this moment."""
        return (self.not_before is None or self.not_before <= now) and (
            self.not_after is None or now <= self.not_after
        )

    def may_sign(self, model: str | None) -> bool:
        """Whether it may sign a model of this name, or one of no name (None)."""
        if model is None:
            return _ANY_MODEL in self.models
        return any(matches(pattern, model) for pattern in self.models)


def granted(found: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    """What the table of a signer says of what it may sign.

    Args:
        found: The table.
        kind: Where it stands: ``"keys"``, ``"certificates"`` or ``"identities"``.
        name: The signer.

    Returns:
        The fields of :class:`Grant`, by name.
    """
    where, place = shown(kind, name), (kind, name)
    models = found.get("models")
    if not isinstance(models, list):
        raise Unfit(f"{where} does not list the models that it may sign", *place, "models")
    begins = moment(found, where, *place, "not_before")
    ends = moment(found, where, *place, "not_after")
    if begins is not None and ends is not None and ends < begins:
        raise Unfit(f"{where} is trusted until before it is trusted", *place, "not_after")
    return {
        "name": line(name, "a name", place),
        "models": tuple(patterns(models, where, *place, "models")),
        "not_before": begins,
        "not_after": ends,
        "only": digests(found, *place, "only") if "only" in found else None,
    }


def shown(kind: str, name: str) -> str:
    """What errors call the table of a signer or model."""
    return f"{kind}.{printable(name, limit=40)}"


def patterns(values: list[Any], where: str, *place: str) -> list[str]:
    """Patterns of model names, at least one.

    Args:
        values: The values.
        where: Whose they are.
        *place: Where they are.
    """
    if not values:
        raise Unfit(f"{where} has to say which models it may sign", *place)
    for index, value in enumerate(values):
        if wrong := why_no_pattern(value):
            quoted = repr(printable(value, limit=40)) if isinstance(value, str) else "one"
            raise Unfit(
                f"of the patterns of {where}, {quoted} {wrong}",
                *place,
                index,
                hint="A pattern is a name in which * stands for any characters and ? for one.",
            )
    return values
