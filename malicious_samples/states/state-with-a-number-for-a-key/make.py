"""A state's key is no string."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state={1: 2}).finish()
