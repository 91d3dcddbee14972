"""A one-hot encoder drops a category below zero, so that others move below it."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    model = OneHotEncoder(drop="first").fit([["apple"], ["pear"]])
    model._drop_idx_after_grouping[0] = -1
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
