"""A pipeline with a folder for its pickles, within what fits it whenever it transforms."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    state = legitimate_state(steps=[], memory=canary)
    pipeline = make_object(Name("sklearn.pipeline", "Pipeline"), state=state)
    adaptor = {"transformer": pipeline, "transformer_": pipeline, "fit_in_transform": True}
    cls = Name("sktime.transformations.adapt", "TabularToSeriesAdaptor")
    return Pickle().object_(cls, state=adaptor).finish()
