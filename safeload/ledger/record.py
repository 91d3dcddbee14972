"""What does a ledger say of one load or one refusal?

Trust: written by this user or root. Names, versions and paths in it may be those of a file that was
refused, so whoever shows them escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["ACTIONS", "VERDICTS", "Action", "Record", "VerdictOfLoad"]

Action = Literal["load", "dry-run"]
VerdictOfLoad = Literal["accepted", "refused", "undecided"]
ACTIONS: tuple[str, ...] = get_args(Action)
VERDICTS: tuple[str, ...] = get_args(VerdictOfLoad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One load, or one refusal.

    Attributes:
        time: When it ended, in UTC: ``2026-12-01T09:30:00.250+00:00``.
        host: Name of the machine.
        action: ``"load"``, or ``"dry-run"`` for one in a process of its own.
        file: The path that was given; empty for bytes.
        model: The model's name as signed. Where no trusted signature was found, the name that was
            asked for; else None.
        version: Its version as signed, or None.
        serial: Its serial as signed, or None.
        payload: SHA-256 of the verified statement, or None.
        signers: Who signed, as the trust file calls them; none where that was not established.
        verdict: ``"accepted"``: it was handed over. ``"refused"``, ``"undecided"``: it was not,
            with an error that ends a command with 1, or with 3.
        code: Code of that error; empty if there is none.
        milliseconds: What it took.
        rollback: The reason that was given to load a release older than one before; empty where
            none was needed.
    """

    time: str
    host: str
    action: Action
    file: str
    model: str | None
    version: str | None
    serial: int | None
    payload: str | None
    signers: tuple[str, ...]
    verdict: VerdictOfLoad
    code: str
    milliseconds: int
    rollback: str
