"""REDUCE calls an estimator's class, which no writer does."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().call(Name("sklearn.pipeline", "Pipeline"), []).finish()
