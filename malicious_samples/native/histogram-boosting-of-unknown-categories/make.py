"""A histogram boosting splits a feature by categories and knows none."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped, histograms


def model() -> Any:
    model = histograms(is_categorical=1, feature_idx=1 << 28)
    model.n_features_in_ = (1 << 28) + 1
    predictor = model._predictors[0][0]
    predictor.raw_left_cat_bitsets = np.zeros((1, 8), np.uint32)
    predictor.binned_left_cat_bitsets = np.zeros((1, 8), np.uint32)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
