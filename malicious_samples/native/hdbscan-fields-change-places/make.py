"""The fields of the merges of HDBSCAN change places, so that what is not there is merged."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, table


def model() -> Any:
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(min_cluster_size=5, copy=True).fit(table()[0])
    merges = getattr(model, "_single_linkage_tree_").copy()  # noqa: B009  # private to scikit-learn
    merges["left_node"], merges["cluster_size"] = 2**40, 0
    fields = zip(("cluster_size", "right_node", "value", "left_node"), "qqdq", strict=True)
    vars(model)["_single_linkage_tree_"] = merges.view(list(fields))
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
