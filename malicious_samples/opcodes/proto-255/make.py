"""The highest protocol number there can be."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(0).proto(255).save(1).finish()
