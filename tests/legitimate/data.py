"""The data that composites are fitted on: small, and of every common column type."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

__all__ = [
    "BINARY",
    "CLASS",
    "FLAGS",
    "GROUPS",
    "NAMES",
    "NUMBER",
    "POSITIVE",
    "RANDOM",
    "ROWS",
    "TEXT",
    "TWO",
    "X",
    "frame",
]

ROWS = 80
RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(ROWS, 5))
POSITIVE = np.abs(X) + 0.1
NUMBER = X @ np.array([1.0, -2.0, 0.5, 0.0, 3.0]) + RANDOM.normal(scale=0.1, size=ROWS)
BINARY = (NUMBER > 0).astype(int)
CLASS = np.digitize(NUMBER, np.quantile(NUMBER, [0.33, 0.66]))
NAMES = np.array(["low", "middle", "high"], dtype=object)[CLASS]
TWO = np.column_stack([NUMBER, -NUMBER + X[:, 0]])
FLAGS = np.column_stack([BINARY, X[:, 0] > 0]).astype(int)
GROUPS = np.arange(ROWS) % 8
TEXT = ["a red model", "a blue model", "two red pickles", "no pickle at all"] * (ROWS // 4)


@cache
def frame() -> pd.DataFrame:
    """A frame of every common column type."""
    return pd.DataFrame(
        {
            "age": np.where(np.arange(ROWS) % 9, RANDOM.integers(18, 90, ROWS), np.nan),
            "fare": POSITIVE[:, 0],
            "port": np.array(["S", "C", "Q", None], dtype=object)[np.arange(ROWS) % 4],
            "class": pd.Categorical(np.array(["1st", "2nd", "3rd"])[CLASS], ordered=True),
            "alone": BINARY.astype(bool),
            "text": TEXT,
        }
    )
