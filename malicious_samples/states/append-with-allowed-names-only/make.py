"""APPENDS on an estimator calls the extend that its state planted, an allowed function."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = {"extend": Name("numpy", "log1p")}
    p = Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state)
    return p.mark().save(1).appends().finish()
