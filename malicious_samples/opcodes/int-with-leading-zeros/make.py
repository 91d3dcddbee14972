"""INT with leading zeros: 010 is eight or ten."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("010").finish()
