"""Two trees of xgboost have the same number, so that another has none."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    model["trees"][1]["id"] = 0


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
