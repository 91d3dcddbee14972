"""A model of topics goes over each document 2**60 times while it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped


def model() -> Any:
    from sklearn.decomposition import LatentDirichletAllocation

    topics = LatentDirichletAllocation(2, max_iter=1, random_state=0).fit(np.eye(4))
    topics.max_doc_update_iter, topics.mean_change_tol = 2**60, -1.0
    return topics


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
