"""A support vector machine of a precomputed kernel names a sample far beyond those of X."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.svm import SVC

    data, classes = table()
    model = SVC(kernel="precomputed").fit(data @ data.T, classes)
    model.support_[:] = 2**30
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
