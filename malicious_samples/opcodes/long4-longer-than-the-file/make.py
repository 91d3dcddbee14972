"""LONG4 of two gibibytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().long4(b"a", length=0x7FFF_FFFF).finish()
