"""LONG4 with a negative length."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().long4(b"a", length=-1).finish()
