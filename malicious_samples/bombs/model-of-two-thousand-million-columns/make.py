"""A model of no arrays says that it has 2**31 columns, each of which a notebook names."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.preprocessing import Normalizer

    normalizer = Normalizer().fit(np.eye(2))
    normalizer.n_features_in_ = 2**31
    return normalizer


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
