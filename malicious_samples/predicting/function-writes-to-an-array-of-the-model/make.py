"""A transformer's function writes its results to the columns of a sparse matrix, checked before."""

from __future__ import annotations

import pickle

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def build(canary: str) -> bytes:
    del canary
    data = np.arange(6.0).reshape(6, 1)
    model = LogisticRegression().fit(data, [0, 1] * 3).sparsify()
    columns = {"axis": 0, "out": model.coef_.indices, "initial": 2**30}
    return pickle.dumps(
        make_pipeline(
            FunctionTransformer(np.max, kw_args=columns),
            FunctionTransformer(np.reshape, kw_args={"shape": (1, 1)}),
            model,
        ),
        4,
    )
