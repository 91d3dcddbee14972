"""The order of categories of xgboost names one far behind the last one."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.boosters import forged_xgboost, lettered, xgboost
from malicious_samples.native_state import dumped


def _change(fields: Any, model: Any) -> None:
    del fields
    model["cats"]["sorted_idx"] = model["cats"]["sorted_idx"] + np.int32(10**8)


def model() -> Any:
    return forged_xgboost(xgboost(data=lettered()), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
