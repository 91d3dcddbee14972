"""The state of an allowed class plants __reduce_ex__."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = legitimate_state(steps=[], __reduce_ex__=Name("numpy", "log1p"))
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
