"""A linear booster of xgboost has weights for four features of sixteen million."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del model
    fields["Model"]["learner"]["learner_model_param"]["num_feature"] = "16000000"


def model() -> Any:
    return forged_xgboost(xgboost(booster="gblinear"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
