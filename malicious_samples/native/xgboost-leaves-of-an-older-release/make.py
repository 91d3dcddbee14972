"""Leaves of several numbers are written as xgboost did before 3.2."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, two_outputs, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    for tree in model["trees"]:
        del tree["leaf_weights"]


def model() -> Any:
    return forged_xgboost(xgboost(data=two_outputs(), multi_strategy="multi_output_tree"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
