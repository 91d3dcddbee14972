"""Records to tell a ledger; nothing of the libraries of models is imported."""

from __future__ import annotations

from typing import Any

from safeload.ledger.record import Record

__all__ = ["accepted", "refused"]


def accepted(serial: int, model: str = "churn", **more: Any) -> Record:
    """A record that a release was handed over."""
    given: dict[str, Any] = {
        "time": "2026-12-01T09:30:00.250+00:00",
        "host": "here",
        "action": "load",
        "file": "churn.joblib",
        "model": model,
        "version": f"1.{serial}",
        "serial": serial,
        "payload": "0" * 64,
        "signers": ("alice",),
        "verdict": "accepted",
        "code": "",
        "milliseconds": 2,
        "rollback": "",
    }
    return Record(**{**given, **more})


def refused(serial: int, model: str = "churn", **more: Any) -> Record:
    """A record that a release was not handed over."""
    return accepted(serial, model, **{"verdict": "refused", "code": "revoked", **more})
