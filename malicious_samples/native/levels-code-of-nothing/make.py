"""A code of an index of several levels is far beyond the level."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd

    levels = [pd.Index(np.zeros(40_000, "i1")), pd.Index(["a", "b"])]
    codes = [np.full(4, 2**31 - 1, "i4"), np.arange(4) % 2]
    return pd.MultiIndex(levels, codes, verify_integrity=False)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
