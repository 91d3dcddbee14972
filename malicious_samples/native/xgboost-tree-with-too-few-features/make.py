"""A tree of several outputs of xgboost has no feature for its splits."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, two_outputs, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    for tree in model["trees"]:
        tree["split_indices"] = tree["split_indices"][:0]


def model() -> Any:
    return forged_xgboost(xgboost(data=two_outputs(), multi_strategy="multi_output_tree"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
