"""A tree of xgboost has a child far behind its last node."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    tree = model["trees"][0]
    tree["left_children"] = np.where(tree["left_children"] < 0, -1, 10**8).astype("i4")


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
