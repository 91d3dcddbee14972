"""A number of a tree of LightGBM is none, which ends in an error that nobody catches."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(text, "leaf_value", "0 0 0 x")


def model() -> Any:
    return forged_lightgbm(lightgbm(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
