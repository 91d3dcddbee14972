"""The call stands in the state of an honest estimator."""

from __future__ import annotations

from malicious_samples.recipes import honest_state, system
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    state = honest_state(steps=[], memory=None, verbose=system(canary))
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
