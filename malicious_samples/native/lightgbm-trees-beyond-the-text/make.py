"""The trees of LightGBM begin far behind the end of its text."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped


def _change(text: str) -> str:
    return line(text, "tree_sizes", "99999999999 1 1")


def model() -> Any:
    return forged_lightgbm(lightgbm(), _change, sizes=False)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
