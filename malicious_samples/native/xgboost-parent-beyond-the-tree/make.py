"""A node of a tree of xgboost has a parent far behind its last node."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    tree = model["trees"][0]
    tree["parents"] = np.full(len(tree["parents"]), 2**30, "i4")


def model() -> Any:
    return forged_xgboost(xgboost(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
