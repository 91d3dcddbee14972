"""The norms of a Birch's centres are one, and read as if they were as many as the centres."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.cluster import Birch

    model = Birch(n_clusters=2).fit(np.eye(4))
    model._subcluster_norms = model._subcluster_norms[:1]
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
