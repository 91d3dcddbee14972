"""Joblib.load by the name of the module it is defined in."""

from __future__ import annotations

from malicious_samples.recipes import load_of_call, pickled_call


def build(canary: str) -> bytes:
    return pickled_call("joblib.numpy_pickle", "load", load_of_call(canary))
