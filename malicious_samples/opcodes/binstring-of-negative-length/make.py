"""BINSTRING with a negative length, which moves a careless reader backwards."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).binstring(b"a", length=-6).finish()
