"""The wrapper's class is named through joblib's own package."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    wrapper = Name("joblib", "numpy_pickle.NumpyArrayWrapper")
    return Pickle().array(bytes(8), wrapper=wrapper).finish()
