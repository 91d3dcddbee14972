"""A step of the pipeline is a class nobody knows."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    step = make_object(Name("evil.steps", "Scaler"), state={"a": 1})
    return (
        Pickle()
        .object_(Name("sklearn.pipeline", "Pipeline"), state=legitimate_state(steps=[("a", step)]))
        .finish()
    )
