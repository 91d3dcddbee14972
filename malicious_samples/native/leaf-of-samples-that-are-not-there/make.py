"""The leaves of a quantile forest name samples far behind the last one."""

from __future__ import annotations

from typing import Any

import numpy as np
from quantile_forest import RandomForestQuantileRegressor

from malicious_samples.native_state import Stand, dumped, fitted


def model() -> Any:
    model = fitted(RandomForestQuantileRegressor(2, max_samples_leaf=4, random_state=0))
    make, (targets, leaves, bounds, sparse), _ = model.forest_.__reduce__()
    model.forest_ = Stand(make, (targets, np.where(leaves > 0, 1 << 40, 0), bounds, sparse))
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
