"""The objective of LightGBM has more classes than the model."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import forged_lightgbm, lightgbm, line
from malicious_samples.native_state import dumped, table


def _change(text: str) -> str:
    return line(text, "objective", "multiclass num_class:1000000")


def model() -> Any:
    return forged_lightgbm(lightgbm("LGBMClassifier", data=table(classes=3)), _change)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
