"""A split of xgboost has its categories far behind the last one."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, lettered, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    for tree in model["trees"]:
        tree["categories_segments"] = tree["categories_segments"] + 2**40


def model() -> Any:
    return forged_xgboost(xgboost(data=lettered()), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
