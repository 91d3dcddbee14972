"""The centres of a k-means have one column, and are read as if they had those of the data."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.cluster import KMeans

    model = KMeans(2, n_init=1, random_state=0).fit(np.eye(4))
    model.cluster_centers_ = np.zeros((2, 1))
    model.n_features_in_ = 20_000_000
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
