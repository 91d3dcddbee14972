"""The trees of a booster of xgboost have no weights."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del model
    fields["Model"]["learner"]["gradient_booster"]["weight_drop"] = []


def model() -> Any:
    return forged_xgboost(xgboost(booster="dart"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
