"""INT 001, which is not INT 01."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("001").finish()
