"""Copy_reg with a class that is not allowed."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(0).object_(Name("subprocess", "Popen"), state={"a": 1}).finish()
