"""BINUNICODE8 of 2**64 - 1 bytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().binunicode8("a", length=(1 << 64) - 1).finish()
