"""A frame of 2**64 - 1 bytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().frame((1 << 64) - 1).save(1).finish()
