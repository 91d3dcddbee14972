"""A gradient boosting has more trees in a round than columns to add them to."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from malicious_samples.native import dumped, fitted


def model() -> Any:
    model = fitted(GradientBoostingRegressor(n_estimators=1, init="zero", random_state=0))
    model.estimators_[0, 0].tree_.value[:] = 1e9
    model.estimators_ = np.repeat(model.estimators_, 60_000, axis=1)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
