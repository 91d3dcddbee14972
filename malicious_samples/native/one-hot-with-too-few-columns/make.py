"""A one-hot encoder has one column, and a thousand categories."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder

    model = OneHotEncoder(sparse_output=False).fit([[0.0], [1.0]])
    model.categories_ = [np.arange(1000.0)]
    model._n_features_outs = [1]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
