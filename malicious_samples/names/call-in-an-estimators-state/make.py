"""The call stands in the state of a legitimate estimator."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, system
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    state = legitimate_state(steps=[], memory=None, verbose=system(canary))
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
