"""BINPERSID, which safeload's own canonical code is made of, in the input."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(0).binpersid().finish()
