"""More elements than the file has bytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), shape=(1 << 40,)).finish()
