"""A classifier of xgboost has a million classes, of which its booster tells two apart."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import xgboost
from malicious_samples.native_state import dumped


def model() -> Any:
    model = xgboost("XGBClassifier")
    model.n_classes_ = 1_000_000
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
