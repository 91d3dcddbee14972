"""ADDITEMS on an estimator calls the update or add that its state planted."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().object_(
        Name("sklearn.pipeline", "Pipeline"), state={"add": Name("numpy", "log1p")}
    )
    return p.mark().save(1).additems().finish()
