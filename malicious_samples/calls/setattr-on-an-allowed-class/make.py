"""Setattr patches an allowed class for the whole process."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls, value = Name("sklearn.pipeline", "Pipeline"), Name("builtins", "len")
    return Pickle().call(Name("builtins", "setattr"), cls, "predict", value).finish()
