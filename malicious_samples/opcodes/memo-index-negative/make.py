"""PUT under a negative index."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).save(1).put(-1).finish()
