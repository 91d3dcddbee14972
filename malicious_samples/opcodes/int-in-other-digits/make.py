"""INT in Arabic digits, which int() takes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("\u0661").finish()
