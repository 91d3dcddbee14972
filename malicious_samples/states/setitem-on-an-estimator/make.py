"""SETITEM on an estimator."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state={"steps": []})
    return p.save("steps", 1).setitem().finish()
