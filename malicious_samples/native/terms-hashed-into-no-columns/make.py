"""Terms are hashed into no columns, so that the remainder of a division by zero is taken."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    model = FeatureHasher(input_type="string")
    model.n_features = 0
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
