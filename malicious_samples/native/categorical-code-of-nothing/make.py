"""A code of a categorical is far beyond its categories."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd

    column = pd.Categorical(["a", "b"])
    column.__setstate__((column.dtype, np.full(4, 2**31 - 1, "i4"), {}))
    return column


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
