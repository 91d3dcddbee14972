"""A tree of xgboost adds to an output far behind the last one."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    model["tree_info"] = [2**24 for _ in model["tree_info"]]


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
