"""A column transformer starts a hundred thousand processes for the data of two columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import StandardScaler

    steps = [("a", StandardScaler(), [0]), ("b", StandardScaler(), [1])]
    transformer = ColumnTransformer(steps).fit(np.eye(2))
    transformer.n_jobs = 100_000
    return transformer


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
