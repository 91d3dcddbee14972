"""A support vector machine of sparse data says that it has probabilities, and has none."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.svm import SVC

    data, target = table()
    model = SVC().fit(sp.csr_matrix(data), target)
    model._effective_probability = True
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
