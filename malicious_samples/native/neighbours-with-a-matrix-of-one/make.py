"""The matrix of a distance has one row, which scipy reads as if it had one for each column."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped

COLUMNS = 6_000


def model() -> Any:
    from sklearn.neighbors import KNeighborsRegressor

    data = np.zeros((3, COLUMNS))
    neighbours = KNeighborsRegressor(1, algorithm="brute").fit(data, np.arange(3.0))
    neighbours.metric = neighbours.effective_metric_ = "mahalanobis"
    neighbours.metric_params = neighbours.effective_metric_params_ = {"VI": np.ones((1, 1))}
    return neighbours


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
