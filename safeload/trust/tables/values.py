"""A value of a trust file becomes one of the type it has to be, or a fault with its place.

An entry that is not known is a fault, because a misspelt restriction that is skipped in silence
would be no restriction.

Trust: the text is the caller's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from safeload.errors import printable
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.toml_lines import Place

__all__ = ["choice", "count", "digests", "known", "line", "lines", "moment", "path", "table"]

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LINE_CHARACTERS = 255
# Longest path that Linux takes.
_PATH_CHARACTERS = 4095


def table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of a name at the top of the file; an empty one if there is none."""
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise Unfit(f"{name} is not a table", name)
    return value


def known(value: object, where: str, entries: frozenset[str], *place: str) -> Mapping[str, Any]:
    """A table with no other entries than these.

    Args:
        value: The value.
        where: What to call it.
        entries: What it may have.
        *place: Where it is.
    """
    if not isinstance(value, dict):
        raise Unfit(f"{where} is not a table", *place)
    if unknown := value.keys() - entries:
        first = min(unknown)
        why = f"{where} has an unknown entry {printable(first, limit=40)!r}"
        raise Unfit(why, *place, first)
    return value


def line(value: object, what: str, place: Place, *, most: int = _LINE_CHARACTERS) -> str:
    """Text of 1 to ``most`` characters that can be shown."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise Unfit(f"{what} is not a text of 1 to {most} characters", *place)
    if not value.isprintable():
        raise Unfit(f"{what} holds a character that cannot be shown", *place)
    return value


def lines(value: object, what: str, place: Place) -> frozenset[str]:
    """A list of such text, without order."""
    if not isinstance(value, list):
        raise Unfit(f"{what} is not a list", *place)
    return frozenset(
        line(item, f"an item of {what}", (*place, index)) for index, item in enumerate(value)
    )


def count(value: object, what: str, place: Place, *, least: int) -> int:
    """A whole number from ``least`` on; ``true`` is none."""
    if type(value) is not int or value < least:
        raise Unfit(f"{what} is not a whole number from {least} on", *place)
    return value


def choice(value: object, what: str, place: Place, choices: Iterable[str]) -> str:
    """One of a few words."""
    words = tuple(choices)
    if not isinstance(value, str) or value not in words:
        raise Unfit(f"{what} is not {' or '.join(map(repr, words))}", *place)
    return value


def path(value: object, what: str, place: Place, folder: Path | None) -> Path:
    """The path of a file.

    Args:
        value: The value.
        what: What to call it.
        place: Where it is.
        folder: Where a relative path begins; None where nobody can say.
    """
    named = Path(line(value, what, place, most=_PATH_CHARACTERS))
    if named.is_absolute():
        return named
    if folder is None:
        raise Unfit(
            f"{what} is a relative path, and this trust file lies in no folder",
            *place,
            hint="Give an absolute path, or say where relative ones begin (folder=).",
        )
    return folder / named


def moment(found: Mapping[str, Any], where: str, *place: str) -> datetime | None:
    """The moment under the last key of a place, with a time zone; None if there is none."""
    value = found.get(place[-1])
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        why = f"{place[-1]} of {where} is not a date and time with an offset, such as a final Z"
        raise Unfit(why, *place)
    return value


def digests(found: Mapping[str, Any], *place: str) -> frozenset[str]:
    """The SHA-256 listed under the last key of a place, each 64 lower-case hex digits."""
    values = found[place[-1]]
    if not isinstance(values, list):
        raise Unfit(f"{place[-1]} is not a list of SHA-256 in lower-case hex", *place)
    for index, digest in enumerate(values):
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            why = f"an item of {place[-1]} is not a SHA-256 in lower-case hex"
            raise Unfit(why, *place, index)
    return frozenset(values)
