"""The fields of a search tree's nodes change places, so that its samples begin below zero."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, searching, table


def model() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(algorithm="kd_tree").fit(*table())
    tree = getattr(model, "_tree")  # noqa: B009  # private to scikit-learn
    nodes = tree.__getstate__()[2].copy()
    nodes["idx_start"], nodes["is_leaf"] = -(2**30), 1
    fields = zip(("is_leaf", "idx_end", "idx_start", "radius"), "qqqd", strict=True)
    vars(model)["_tree"] = searching(model, node_data=nodes.view(list(fields)))
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
