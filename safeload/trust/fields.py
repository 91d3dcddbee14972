"""Parsed JSON becomes typed values, or an error that says which field is off.

Each reader takes the value and the name of its place in the statement. Nothing is converted on the
way: a number in quotes is not a number, ``true`` is not an integer.

Trust: the values come from bytes that a trusted key signed; they may still be wrong, and text in
them may hold anything but lone surrogates.

Source: RFC 8259; RFC 3339 section 5.6 for times, of which only UTC written with ``Z`` is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from safeload.errors import TrustError
from safeload.trust.names import why_no_name

__all__ = [
    "LARGEST",
    "flag",
    "instant",
    "items",
    "malformed",
    "members",
    "model_name",
    "number",
    "optional",
    "sha256_hex",
    "text",
    "time_text",
    "whole",
]

_T = TypeVar("_T")

# Beyond this JavaScript and protobuf's Struct, which other verifiers use, lose integers.
LARGEST = 2**53 - 1
# Longest text taken, characters. Qualified names and feature names stay far below.
_TEXT = 10_000

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def malformed(why: str) -> TrustError:
    """The error about a signed statement that does not say what it has to."""
    return TrustError(
        f"The signed statement cannot be used: {why}.",
        code="manifest-malformed",
        hint="Sign the model again with 'safeload sign'.",
    )


def members(
    value: object,
    where: str,
    required: frozenset[str],
    *,
    closed: bool,
    further: frozenset[str] = frozenset(),
) -> Mapping[str, Any]:
    """An object with at least the required members, and but for ``further`` no others if closed."""
    if not isinstance(value, dict):
        raise malformed(f"{where} is not an object")
    if missing := required - value.keys():
        raise malformed(f"{where} has no {min(missing)}")
    if closed and value.keys() - required - further:
        raise malformed(f"{where} has members that this release does not know")
    return value


def items(value: object, where: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise malformed(f"{where} is not a list")
    return value


def text(value: object, where: str) -> str:
    """Text that is not empty and not endless."""
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT:
        raise malformed(f"{where} is not a text of 1 to {_TEXT} characters")
    return value


def model_name(value: object, where: str) -> str:
    """What can be the name of a model."""
    name = text(value, where)
    if wrong := why_no_name(name):
        raise malformed(f"{where} {wrong}")
    return name


def sha256_hex(value: object, where: str) -> str:
    """A SHA-256: 64 lower-case hex digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise malformed(f"{where} is not a SHA-256 in lower-case hex")
    return value


def flag(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise malformed(f"{where} is neither true nor false")
    return value


def whole(value: object, where: str) -> int:
    """An integer from 0 to 2**53 - 1."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise malformed(f"{where} is not an integer from 0 to 2**53 - 1")
    return value


def number(value: object, where: str) -> float:
    """A finite number; JSON's integers count as numbers."""
    try:
        if type(value) is int or type(value) is float:
            return float(value)
    except OverflowError:
        pass
    raise malformed(f"{where} is not a number")


def instant(value: object, where: str) -> datetime:
    """A moment in UTC, as ``2026-01-31T12:00:00Z``."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise malformed(f"{where} is not a RFC 3339 time in UTC")


def optional(value: object, where: str, read: Callable[[object, str], _T]) -> _T | None:
    """What ``read`` makes of the value, or None for null."""
    return None if value is None else read(value, where)


def time_text(moment: datetime) -> str:
    """Write a moment as :func:`instant` reads it.

    Raises:
        ValueError: The datetime has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone is not a moment")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
