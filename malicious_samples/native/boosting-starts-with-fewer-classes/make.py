"""A gradient boosting has more trees in a round than its first guess has classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from malicious_samples.native_state import dumped, fitted


def model(trees: int = 9) -> Any:
    model = fitted(GradientBoostingClassifier(n_estimators=1, random_state=0), classes=3)
    model.estimators_[0, 0].tree_.value[:] = 1e9
    model.estimators_ = np.repeat(model.estimators_[:, :1], trees, axis=1)
    model.n_trees_per_iteration_ = trees
    return model


def build(canary: str) -> bytes:
    del canary
    # Enough to reach what is not its own.
    return dumped(model(60_000))
