"""A pipeline's memory is a joblib.Memory, which unpickles what lies in its directory."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    memory = make_object(Name("joblib.memory", "Memory"), state={"location": canary})
    state = legitimate_state(steps=[], memory=memory)
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
