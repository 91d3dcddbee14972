"""A linear leaf of LightGBM has features without coefficients."""

from __future__ import annotations

import re
from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return re.sub(r"(?m)^leaf_coeff=.*\n", "", text)


def model() -> Any:
    return forged_lightgbm(lightgbm(linear_tree=True), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
