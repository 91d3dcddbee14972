"""The tree of an HDBSCAN merges a cluster far beyond those that there are."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(copy=True, min_cluster_size=2).fit(np.eye(6))
    model._single_linkage_tree_["left_node"][0] = 2**40
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
