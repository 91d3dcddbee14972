"""A search tree's metric has one row, and the data four columns."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, searching, table


def model() -> Any:
    import numpy as np
    from sklearn.metrics import DistanceMetric
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(
        algorithm="ball_tree", metric="mahalanobis", metric_params={"VI": np.eye(4)}
    ).fit(*table())
    metric = DistanceMetric.get_metric("mahalanobis", VI=np.eye(1))
    vars(model)["_tree"] = searching(model, dist_metric=metric)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
