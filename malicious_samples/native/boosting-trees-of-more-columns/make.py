"""The second tree of a gradient boosting asks for more columns than the first has seen."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import GradientBoostingRegressor

from malicious_samples.native_state import dumped, fitted, regrown


def model() -> Any:
    model = fitted(GradientBoostingRegressor(n_estimators=2, random_state=0))
    second = model.estimators_[1, 0]
    tree, args, state = regrown(second, feature={0: 1 << 29}).__reduce__()
    second.n_features_in_ = 1 << 30
    second.tree_ = tree(1 << 30, *args[1:])
    second.tree_.__setstate__(state)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
