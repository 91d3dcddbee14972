"""A split of LightGBM has a set of categories far behind the last one."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lettered, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(text, "threshold", "90000000")


def model() -> Any:
    return forged_lightgbm(lightgbm(data=lettered(), num_leaves=2, cat_smooth=0), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
