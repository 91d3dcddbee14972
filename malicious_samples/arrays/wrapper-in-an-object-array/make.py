"""An array wrapper within a nested pickle, where joblib reads none."""

from __future__ import annotations

from malicious_samples.recipes import make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    wrapper = make_object(Name("joblib.numpy_pickle", "NumpyArrayWrapper"), state={"a": 1})
    del canary
    return Pickle(framed=True).object_array(Pickle.nested_objects(wrapper)).finish()
