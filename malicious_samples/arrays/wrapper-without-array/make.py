"""A wrapper without BUILD stays a wrapper."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    wrapper = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
    return Pickle().object_(wrapper).finish()
