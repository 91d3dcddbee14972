"""A split of LightGBM is one by categories, of which the tree has none."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(line(text, "threshold", "9e7 9e7 9e7"), "decision_type", "1 1 1")


def model() -> Any:
    return forged_lightgbm(lightgbm(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
