"""A support vector machine has another function where its data are looked at."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    import numpy as np
    from sklearn.svm import SVC

    data, classes = table()
    model = SVC(kernel="precomputed").fit(data @ data.T, classes)
    model.support_[:] = 2**29
    model.shape_fit_ = (2**30, 2**30)
    vars(model)["_validate_for_predict"] = np.positive
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
