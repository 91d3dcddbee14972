"""A whole module is left behind as a value."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = legitimate_state(steps=[("a", Name("numpy", "f2py"))])
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
