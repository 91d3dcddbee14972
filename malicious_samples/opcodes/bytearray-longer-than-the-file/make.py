"""BYTEARRAY8 is allocated before it is read."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(5).bytearray8(b"a", length=1 << 40).finish()
