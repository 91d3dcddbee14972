"""A leaf of several numbers of xgboost is a row far behind the last one."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, two_outputs, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    for tree in model["trees"]:
        tree["right_children"] = np.where(
            tree["left_children"] < 0, 10**8, tree["right_children"]
        ).astype("i4")


def model() -> Any:
    return forged_xgboost(xgboost(data=two_outputs(), multi_strategy="multi_output_tree"), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
