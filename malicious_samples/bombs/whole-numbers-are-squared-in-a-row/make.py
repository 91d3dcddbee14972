"""Forty steps of a pipeline square Python's whole numbers, one after the other."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    squared = FunctionTransformer(np.square)
    return Pipeline(
        [
            ("more than one", FunctionTransformer(partial(np.add, 2.0))),
            ("whole", FunctionTransformer(np.ndarray.astype, kw_args={"dtype": np.int64})),
            ("objects", FunctionTransformer(np.ndarray.astype, kw_args={"dtype": object})),
            *((f"{number}", squared) for number in range(40)),
        ]
    )


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
