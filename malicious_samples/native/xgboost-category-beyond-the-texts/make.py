"""A category of the training data of xgboost ends behind all texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, lettered, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    column = model["cats"]["enc"][0]
    column["offsets"] = np.where(column["offsets"] > 1, 10**8, column["offsets"]).astype("i4")


def model() -> Any:
    return forged_xgboost(xgboost(data=lettered()), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
