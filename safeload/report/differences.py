"""What differs between two models, for people and for programs.

Trust: names, places and texts come from the models; each is escaped and cut for people, and is
JSON's for programs.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from safeload.comparing.arrays import Outline
from safeload.comparing.difference import SECTIONS, Difference, Entry, Side
from safeload.errors import plain
from safeload.report.words import count

__all__ = ["as_document", "as_lines"]

# Entries of a section, and characters of a name or value, that people are shown.
_SHOWN = 20
_LONGEST = 100
# The sections about what is in a model, and what a step to a part begins with.
_PLACES = ("parameters", "arrays", "state")
_STEP = re.compile(r"[.\[(!]")


def as_document(difference: Difference) -> dict[str, Any]:
    """The difference as JSON.

    Args:
        difference: Two models.

    Returns:
        An object of JSON's types, of which docs/manifest.md says what its members are.
    """
    return {
        "schema": 1,
        "a": _side(difference.first),
        "b": _side(difference.second),
        "same": difference.same,
        **{
            name: [_entry(entry) for entry in entries]
            for name, entries in difference.sections.items()
        },
    }


def as_lines(difference: Difference) -> list[tuple[str, str]]:
    """The difference as lines for people.

    Args:
        difference: Two models.

    Returns:
        Each line, with ``"a"`` or ``"b"`` before it if it is about one of the models only,
        ``"section"`` if others belong to it, and an empty text otherwise.
    """
    lines = [("a", f"a: {_title(difference.first)}"), ("b", f"b: {_title(difference.second)}")]
    within = _within(difference)
    for name, entries in difference.sections.items():
        shown = [entry for entry in entries if entry.name not in within]
        if not shown:
            continue
        lines.append(("section", f"{SECTIONS[name]}:"))
        lines += [(entry.only or "", _line(entry)) for entry in shown[:_SHOWN]]
        if len(shown) > _SHOWN:
            lines.append(("", f"    {len(shown) - _SHOWN:,} more (--format json lists all)"))
    counts = [
        f"{len(entries):,} in {SECTIONS[name]}"
        for name, entries in difference.sections.items()
        if entries
    ]
    lines.append(("section", f"differences: {', '.join(counts) or 'none'}"))
    return lines


def _within(difference: Difference) -> set[str]:
    """The places that are missing in one model as a part of something that is missing."""
    missing = {
        entry.name
        for name in _PLACES
        for entry in difference.sections[name]
        if entry.only is not None
    }
    return {
        place
        for place in missing
        if any(place[: step.start()] in missing for step in _STEP.finditer(place))
    }


def _title(side: Side) -> str:
    model = side.model
    about = f"{model.name} {model.version}, " if model else ""
    return _cut(f"{about}{f'signed by {side.signer}' if side.signer else 'unsigned'}, {side.path}")


def _line(entry: Entry) -> str:
    sign = {"a": "-", "b": "+", None: "~"}[entry.only]
    name = _cut(entry.name)
    if entry.only is not None:
        value = entry.first if entry.only == "a" else entry.second
        return f"  {sign} {name}: {_text(value)}"
    if entry.change is not None:
        return f"  {sign} {name}: {_text(entry.second)}, {_extent(entry)}"
    more = f" ({entry.detail})" if entry.detail else ""
    return f"  {sign} {name}: {_text(entry.first)} -> {_text(entry.second)}{more}"


def _extent(entry: Entry) -> str:
    change = entry.change
    if change is None:
        return ""
    largest = "" if change.largest is None else f", by {change.largest:.6g} at most"
    return f"{count(change.elements, 'element')} changed{largest}"


def _text(value: Any) -> str:
    if isinstance(value, Outline):
        kind = "record" if value.dtype.startswith("{") else _cut(value.dtype)
        return f"{kind} array of {'x'.join(map(str, value.shape)) or 'no dimensions'}"
    return _cut(repr(value) if isinstance(value, float) else str(value))


def _cut(text: str) -> str:
    shown = plain(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _side(side: Side) -> dict[str, Any]:
    return {
        "path": side.path,
        "sha256": side.sha256,
        "size": side.size,
        "signer": side.signer,
        "payload_sha256": side.statement,
        "name": side.model.name if side.model else None,
        "version": side.model.version if side.model else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": entry.name,
        "a": _value(entry.first),
        "b": _value(entry.second),
        "only": entry.only,
    }
    if entry.change is not None:
        document["change"] = asdict(entry.change)
    if entry.detail:
        document["detail"] = entry.detail
    return document


def _value(value: Any) -> Any:
    if not isinstance(value, Outline):
        return value
    return {"dtype": value.dtype, "shape": list(value.shape), "sha256": value.sha256}
