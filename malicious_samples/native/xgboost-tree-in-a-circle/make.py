"""A node of a tree of xgboost is its own child."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    tree = model["trees"][0]
    tree["left_children"], tree["right_children"] = (
        np.where(tree["left_children"] < 0, -1, 1).astype("i4"),
        np.where(tree["left_children"] < 0, -1, 2).astype("i4"),
    )


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
