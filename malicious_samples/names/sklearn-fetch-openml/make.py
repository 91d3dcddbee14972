"""A loader of scikit-learn fetches from the network."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("sklearn.datasets", "fetch_openml", "iris")
