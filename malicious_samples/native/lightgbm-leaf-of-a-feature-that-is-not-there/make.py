"""A linear leaf of LightGBM takes a feature far behind the last one."""

from __future__ import annotations

import re
from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm
from malicious_samples.native_state import dumped


def _far(found: re.Match[str]) -> str:
    return re.sub(r"[0-9]+", "90000000", found[0])


def _change(text: str) -> str:
    return re.sub(r"(?m)^leaf_features=.*$", _far, text)


def model() -> Any:
    return forged_lightgbm(lightgbm(linear_tree=True), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
