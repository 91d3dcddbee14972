"""A time zone's key leads out of the time zone database."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().call(Name("zoneinfo", "ZoneInfo._unpickle"), "../../../etc/passwd", 1).finish()
