"""A leaf of a quantile forest keeps a sample far beyond those that there are."""

from __future__ import annotations

from typing import Any

from malicious_samples.native import Stand, dumped, fitted


def model() -> Any:
    from quantile_forest import RandomForestQuantileRegressor

    model = fitted(RandomForestQuantileRegressor(n_estimators=2, max_samples_leaf=None))
    make, (targets, leaves, *rest), state = model.forest_.__reduce__()
    model.forest_ = Stand(make, (targets, leaves + 2**40, *rest), state)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
