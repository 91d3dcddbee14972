"""A search is given the norms of its samples under a text of numpy's, equal to the plain one."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(algorithm="brute").fit(np.eye(6))
    model.effective_metric_params_ = {np.str_("Y_norm_squared"): np.zeros(1)}
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
