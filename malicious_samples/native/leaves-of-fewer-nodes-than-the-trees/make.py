"""A quantile forest has leaves for fewer nodes than its trees have."""

from __future__ import annotations

from typing import Any

from quantile_forest import RandomForestQuantileRegressor

from malicious_samples.native_state import Stand, dumped, table


def model() -> Any:
    data, target = table(rows=600)
    model = RandomForestQuantileRegressor(1, max_samples_leaf=None, max_depth=9, random_state=0)
    model.fit(data, data[:, 0] + target)
    make, (targets, leaves, bounds, sparse), _ = model.forest_.__reduce__()
    model.forest_ = Stand(make, (targets, leaves[:, :1], bounds, sparse))
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
