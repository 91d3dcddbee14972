"""A support vector machine has fewer samples for its kernel than support vectors name."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.svm import SVC

    data, classes = table()
    model = SVC(kernel=linear_kernel).fit(data, classes)
    model.n_features_in_ = data.shape[1]
    model.support_[:] = 2**29
    model.shape_fit_ = (2**30, data.shape[1])
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
