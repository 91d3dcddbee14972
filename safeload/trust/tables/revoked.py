"""``[revoked]``: what is not accepted any more, whoever signed it.

Trust: the trust file is the caller's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from safeload.trust.tables.values import digests, known

__all__ = ["REVOKED", "Revoked", "revoked_things"]

REVOKED = ("keys", "payloads", "files")


@dataclass(frozen=True, slots=True)
class Revoked:
    """What is not accepted any more: key ids, and SHA-256 of statements and of model files."""

    keys: frozenset[str] = frozenset()
    payloads: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


def revoked_things(value: object) -> Revoked:
    """Parse the table.

    Args:
        value: The table.
    """
    found = known(value, "revoked", frozenset(REVOKED), "revoked")
    return Revoked(**{kind: digests(found, "revoked", kind) for kind in found})
