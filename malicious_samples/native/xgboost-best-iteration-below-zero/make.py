"""The best iteration of xgboost is far below zero."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del model
    fields["Model"]["learner"]["attributes"]["best_iteration"] = "-100000000"


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
