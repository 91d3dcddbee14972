"""A round of xgboost has so many trees that their number becomes zero, by which is divided."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    model["gbtree_model_param"]["num_parallel_tree"] = str(2**30)
    fields["Model"]["learner"]["learner_model_param"]["num_target"] = "4"


def model() -> Any:
    return forged_xgboost(xgboost(booster="dart"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
