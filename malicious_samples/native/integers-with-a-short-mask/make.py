"""The mask of an array of integers has one place, and is read as if it had all."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd

    column = pd.array([1] * 1000, dtype="Int64")
    column._mask = np.zeros(1, bool)
    return column


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
