"""More dimensions than numpy has."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), shape=(1,) * 100).finish()
