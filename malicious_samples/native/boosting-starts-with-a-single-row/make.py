"""A gradient boosting adds a row for each sample to a first guess of one row."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from malicious_samples.native_state import dumped, fitted


def model() -> Any:
    model = fitted(GradientBoostingRegressor(n_estimators=1, random_state=0))
    first = FunctionTransformer(np.take, kw_args={"indices": [0], "axis": 0})
    model.init_ = make_pipeline(first, model.init_)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
