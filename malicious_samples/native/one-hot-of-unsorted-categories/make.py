"""A one-hot encoder looks for a number among unsorted ones, and finds it behind the last."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder

    model = OneHotEncoder(sparse_output=False).fit([[0.0], [1.0]])
    model.categories_ = [np.array([1.0, 0.0])]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
