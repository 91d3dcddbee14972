"""NEWOBJ of ndarray with a shape allocates it."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().object_(Name("numpy", "ndarray"), (1 << 40,)).finish()
