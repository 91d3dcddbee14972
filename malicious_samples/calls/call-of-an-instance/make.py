"""An instance made in the stream is called."""

from __future__ import annotations

from malicious_samples.recipes import make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    instance = make_object(Name("sklearn.pipeline", "Pipeline"), state={"steps": []})
    return Pickle().call(instance, 1).finish()
