"""A split of a tree of LightGBM is its own child."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(line(text, "left_child", "0 0 0"), "right_child", "0 0 0")


def model() -> Any:
    return forged_lightgbm(lightgbm(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
