"""A leaf of a search tree holds samples far beyond its data."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, searching, table


def model() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(algorithm="kd_tree", leaf_size=5).fit(*table())
    vars(model)["_tree"] = searching(model, idx_end=2**40)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
