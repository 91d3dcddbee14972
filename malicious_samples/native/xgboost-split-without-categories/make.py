"""A split of xgboost is one by categories, of which it has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, lettered, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    for tree in model["trees"]:
        tree["split_type"] = np.ones_like(tree["split_type"])


def model() -> Any:
    return forged_xgboost(xgboost(data=lettered()), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
