"""The samples of a neighbours search have one column and are read as if they had all."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(algorithm="brute", metric="manhattan").fit(np.eye(6))
    model._fit_X = np.zeros((6, 1))
    model.n_features_in_ = 3_000_000
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
