"""A support vector machine has a function as its kernel that gives too few columns."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    import numpy as np
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.svm import SVC

    data, classes = table()
    model = SVC(kernel=linear_kernel).fit(data[:1].repeat(60, 0), classes)
    model.kernel = np.add
    setattr(model, "_BaseLibSVM__Xfit", data[:1])  # noqa: B010  # private to scikit-learn
    model.support_[:] = 2**29
    model.shape_fit_ = (2**30, data.shape[1])
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
