"""A class of __main__: whatever the loading script calls so."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().object_(Name("__main__", "Model"), state={"a": 1}).finish()
