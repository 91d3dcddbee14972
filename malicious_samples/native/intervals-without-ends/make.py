"""An array of intervals has many beginnings, and two ends."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd

    array = pd.arrays.IntervalArray.from_breaks(range(300))
    array._right = np.arange(2)
    return array


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
