"""A support vector machine has no coefficients, and libsvm reads them all the same."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.svm import SVC

    model = SVC().fit(*table())
    model._dual_coef_ = model._dual_coef_[:0]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
