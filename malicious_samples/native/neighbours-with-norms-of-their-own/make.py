"""A search by distance is given the norms of its samples, of which there are too few."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(algorithm="brute").fit(np.eye(6))
    model.effective_metric_params_ = {"Y_norm_squared": np.zeros(1)}
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
