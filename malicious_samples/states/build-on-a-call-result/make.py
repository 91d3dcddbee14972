"""BUILD on what a cached call returned: the time zone belongs to the process."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    zone = Name("zoneinfo", "ZoneInfo._unpickle")
    return Pickle().call(zone, "UTC", 1).save({"key": "Europe/Berlin"}).build().finish()
