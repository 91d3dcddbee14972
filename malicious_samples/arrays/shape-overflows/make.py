"""A product of lengths that is 0 in 64 bits."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), shape=(1 << 32, 1 << 32)).finish()
