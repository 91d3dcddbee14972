"""A support vector regression says it has a thousand times the vectors it has."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    import numpy as np
    from sklearn.svm import SVR

    model = SVR().fit(*table())
    model.support_ = np.zeros(2**22, "i4")
    model._dual_coef_ = np.zeros((1, 2**22))
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
