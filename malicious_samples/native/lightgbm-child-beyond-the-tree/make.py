"""A tree of LightGBM has a child far behind its last split."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(text, "left_child", "2000000000 2000000000 2000000000")


def model() -> Any:
    return forged_lightgbm(lightgbm(), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
