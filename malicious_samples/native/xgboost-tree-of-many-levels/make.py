"""A tree of xgboost is deeper than its library can go."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import chain, forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    chain(model["trees"][0], 40_000)


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
