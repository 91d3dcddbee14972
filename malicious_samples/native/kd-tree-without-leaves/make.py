"""No node of a search tree is a leaf, so that a query runs on below the last."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, searching, table


def model() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(algorithm="kd_tree", leaf_size=5).fit(*table())
    vars(model)["_tree"] = searching(model, is_leaf=0)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
