"""A one-hot encoder has so many columns that their sum goes round."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.preprocessing import OneHotEncoder

    rows = [[0.0] * 5, [0.0] * 5, [1.0] * 5]
    model = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False
    ).fit(rows)
    model._n_features_outs = [2**62 + 2**40, 2**62 - 2**40, 2**62, 2**62, 8]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
