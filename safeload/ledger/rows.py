"""A record becomes a row of the ledger's table, and a row becomes a record again.

Trust: a row that is read may hold anything. It is one that was written here, or an error.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from safeload.ledger.record import ACTIONS, VERDICTS, Record

__all__ = ["COLUMNS", "as_row", "from_row"]

COLUMNS = tuple(field.name for field in fields(Record))
# Longest text that is kept, characters. Names of models have a quarter of that.
_LONGEST = 1_000
_TEXTS = ("time", "host", "action", "file", "verdict", "code", "rollback")
_TEXTS_OR_NONE = ("model", "version", "payload")


def as_row(record: Record) -> tuple[str | int | None, ...]:
    """Write what :func:`from_row` reads, in the order of :data:`COLUMNS`."""
    signers = json.dumps([_kept(name) for name in record.signers])
    values = {name: getattr(record, name) for name in COLUMNS} | {"signers": signers}
    # Cut as a text, a list would be none any more.
    return tuple(
        _kept(value) if isinstance(value, str) and name != "signers" else value
        for name, value in values.items()
    )


def from_row(row: tuple[Any, ...]) -> Record:
    """Read a row.

    Args:
        row: Its values, in the order of :data:`COLUMNS`.

    Raises:
        ValueError: It is none that was written here.
    """
    found = dict(zip(COLUMNS, row, strict=True))
    fits = (
        all(isinstance(found[name], str) for name in _TEXTS)
        and all(isinstance(found[name], str | None) for name in _TEXTS_OR_NONE)
        and isinstance(found["serial"], int | None)
        and isinstance(found["milliseconds"], int)
        and found["action"] in ACTIONS
        and found["verdict"] in VERDICTS
    )
    if not fits:
        raise ValueError("a row that is not a record")
    signers = json.loads(found["signers"]) if isinstance(found["signers"], str) else None
    if not (isinstance(signers, list) and all(isinstance(name, str) for name in signers)):
        raise ValueError("signers that are not a list of texts")
    return Record(**{**found, "signers": tuple(signers)})


def _kept(text: str) -> str:
    """Text as SQLite keeps it: of bounded length, and with nothing that UTF-8 has no form for."""
    return text[:_LONGEST].encode("utf-8", "backslashreplace").decode()
