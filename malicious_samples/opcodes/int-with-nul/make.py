"""INT with a NUL after the digits."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("1\0").finish()
