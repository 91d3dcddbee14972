"""A class of labels has no place in their order, so that another is found behind the last."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.preprocessing import LabelBinarizer

    model = LabelBinarizer().fit([1.0, 2.0, 3.0])
    model.classes_ = np.array([2.0, float("nan"), 1.0], object)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
