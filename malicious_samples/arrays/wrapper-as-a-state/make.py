"""A wrapper is the state of an estimator."""

from __future__ import annotations

from malicious_samples.recipes import make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    wrapper = make_object(Name("joblib.numpy_pickle", "NumpyArrayWrapper"))
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=wrapper).finish()
