"""A centre within a bisecting k-means has one column and is read as if it had all."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.cluster import BisectingKMeans

    model = BisectingKMeans(2, n_init=1, random_state=0).fit(np.eye(4))
    model._bisecting_tree.left.center = np.zeros(1)
    model._bisecting_tree.right.center = np.zeros(1)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
