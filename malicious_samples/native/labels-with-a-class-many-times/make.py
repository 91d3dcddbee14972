"""A class stands many times among those of labels, and its column is the last of them."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.preprocessing import MultiLabelBinarizer

    model = MultiLabelBinarizer().fit([["apple", "pear"]])
    model.classes_ = np.array(["apple"] * 1000, object)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
