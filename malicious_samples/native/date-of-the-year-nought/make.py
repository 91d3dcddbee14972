"""A date is of the year 0, whose days have no weekday."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import datetime as dt

    return dt.date(b"\x00\x00\x01\x01")


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
