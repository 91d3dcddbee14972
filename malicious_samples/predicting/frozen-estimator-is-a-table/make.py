"""A frozen estimator passes transform on to a table, which calls methods by name."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    table = make_object(Name("pandas", "DataFrame"), state={})
    cls = Name("sklearn.frozen._frozen", "FrozenEstimator")
    frozen = make_object(cls, state=legitimate_state(estimator=table))
    state = legitimate_state(steps=[("table", frozen)], memory=None, verbose=False)
    return Pickle().object_(Name("sklearn.pipeline", "Pipeline"), state=state).finish()
