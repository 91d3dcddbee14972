"""A dunder among the integers of a state, in a batch that looks like a vocabulary."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = {f"a{index}": index for index in range(40)} | {"__class__": 1} | {"b": 2}
    return Pickle(framed=True).object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
