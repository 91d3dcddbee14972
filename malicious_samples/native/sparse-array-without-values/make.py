"""A sparse array has fewer values than places."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd

    array = pd.arrays.SparseArray([1.0, 0.0] * 1000)
    array._sparse_values = np.zeros(1)
    return array


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
