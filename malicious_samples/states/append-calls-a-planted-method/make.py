"""APPEND on an estimator calls the append that its state planted."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    state = {"append": Name("posix", "system")}
    p = Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state)
    return p.save(shell(canary)).append().finish()
