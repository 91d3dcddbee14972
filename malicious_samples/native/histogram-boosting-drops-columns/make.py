"""A histogram boosting has its data prepared by a step that drops the columns it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from malicious_samples.native_state import dumped, table


def model() -> Any:
    data, target = table(rows=2_000)
    data[:, 0] = data[:, 0].round()
    model = HistGradientBoostingClassifier(max_iter=1, categorical_features=[0])
    model.fit(np.hstack([data] * 50), target)
    nodes = model._predictors[0][0].nodes
    nodes["feature_idx"] = 199
    nodes["is_categorical"] = 0
    steps = model._preprocessor.transformers_
    model._preprocessor.transformers_ = steps[:1]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
