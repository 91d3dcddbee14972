"""Joblib's loader of old files, which reads a path."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("joblib.numpy_pickle_compat", "load_compatibility", canary)
