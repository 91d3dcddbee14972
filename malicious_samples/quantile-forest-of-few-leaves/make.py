"""A quantile forest keeps the samples of one leaf only, and its trees have many."""

from __future__ import annotations

from typing import Any

from malicious_samples.native import Stand, dumped, fitted


def model() -> Any:
    import numpy as np
    from quantile_forest import RandomForestQuantileRegressor

    model = fitted(RandomForestQuantileRegressor(n_estimators=1, max_samples_leaf=None))
    make, (targets, _, *rest), state = model.forest_.__reduce__()
    leaves = np.zeros((1, 1, 1, 1_000_000), np.int64)
    model.forest_ = Stand(make, (targets, leaves, *rest), state)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
