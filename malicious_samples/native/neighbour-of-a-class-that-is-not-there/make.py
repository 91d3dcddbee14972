"""A sample of a neighbours classifier is of a class far beyond those that there are."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(algorithm="brute", metric="manhattan")
    model.fit(np.eye(6), [0, 1] * 3)
    model._y[:] = 2**40
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
