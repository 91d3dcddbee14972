"""What the zoo's models are fitted on and asked about; the same numbers in every release.

``RandomState`` draws the same numbers in every release of numpy. Python 3.8 and later, numpy 1.23
and later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ROWS", "data"]

ROWS, _COLUMNS = 60, 4


def _make() -> dict[str, Any]:
    random = np.random.RandomState(0)
    dense = random.uniform(0.1, 3.0, (ROWS, _COLUMNS))
    signal = dense @ np.array([1.0, -2.0, 0.5, 0.0])
    classes = np.digitize(signal, np.quantile(signal, [0.33, 0.66]))
    text = ["a red model", "a blue model", "two red pickles", "no pickle at all"] * (ROWS // 4)
    frame = pd.DataFrame(
        {
            "age": np.where(np.arange(ROWS) % 9, random.randint(18, 90, ROWS), np.nan),
            "fare": dense[:, 0],
            "port": np.array(["S", "C", "Q", np.nan], dtype=object)[np.arange(ROWS) % 4],
            "class": pd.Categorical(np.array(["1st", "2nd", "3rd"])[classes], ordered=True),
            "alone": dense[:, 1] > 1,
            "text": text,
        }
    )
    return {
        "dense": dense,
        "class": classes,
        "name": np.array(["low", "middle", "high"], dtype=object)[classes],
        "binary": (signal > np.median(signal)).astype(int),
        "number": signal - signal.min() + 0.1,
        "two": np.column_stack([signal, -signal + dense[:, 3]]),
        "flags": np.column_stack([signal > np.median(signal), dense[:, 0] > 1]).astype(int),
        "truth": dense > 1.5,
        "codes": random.randint(0, 3, (ROWS, _COLUMNS)),
        "one": dense[:, 0],
        "globe": dense[:, :2] / 3,
        "kernel": dense @ dense.T,
        "missing": np.where(random.uniform(size=dense.shape) < 0.1, np.nan, dense),
        "text": text,
        "dicts": [{"colour": "red", "size": 1.0}, {"colour": "blue", "size": 2.0}] * 4,
        "words": np.array(["red", "green", "blue", "red"]),
        "labels": [("red", "small"), ("blue",), ("red",)],
        "image": random.uniform(size=(2, 6, 6)),
        "frame": frame,
        "fares": frame[["fare"]],
        "history": frame[["age", "fare"]],
        "mixed": frame[["age", "fare", "class"]],
    }


data = _make()
