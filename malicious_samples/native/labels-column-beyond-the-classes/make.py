"""The columns that are kept for labels go far beyond the classes."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.preprocessing import MultiLabelBinarizer

    model = MultiLabelBinarizer().fit([["apple", "pear"]])
    model._cached_dict = {"apple": 2**30, "pear": 1}
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
