"""Three is raised to a power of three, in whole numbers of Python."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    power = FunctionTransformer(partial(np.power, 3))
    return make_pipeline(
        FunctionTransformer(partial(np.add, 20.0)),
        FunctionTransformer(np.ndarray.astype, kw_args={"dtype": np.int64}),
        FunctionTransformer(np.ndarray.astype, kw_args={"dtype": object}),
        power,
        power,
    )


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
