"""The components of a model are an array of 2**40 rows without columns, each row a name."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.decomposition import PCA

    decomposition = PCA(1).fit(np.eye(2))
    decomposition.components_ = np.empty((2**40, 0))
    return decomposition


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
