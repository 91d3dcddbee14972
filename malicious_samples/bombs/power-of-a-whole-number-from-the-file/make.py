"""Three is raised to a whole number of the file, which has ten digits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.dummy import DummyRegressor

    powers = TransformedTargetRegressor(
        DummyRegressor(strategy="constant", constant=1.0),
        func=np.log2,
        inverse_func=partial(np.power, 3),
        check_inverse=False,
    ).fit(np.ones((3, 1)), np.ones(3))
    powers.regressor_.constant_ = np.array([[10**9]], object)
    return powers


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
