"""A support vector machine counts fewer than no vectors of a class, and the sum is right."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.svm import SVC

    model = SVC().fit(*table())
    counts = vars(model)["_n_support"]
    counts[:] = [-(2**30), len(model.support_) + 2**30]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
