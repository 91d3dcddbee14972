"""A hierarchy of hdbscan merges clusters far behind the last."""

from __future__ import annotations

from typing import Any

from hdbscan import HDBSCAN

from malicious_samples.native_state import dumped, table


def model() -> Any:
    model = HDBSCAN(min_cluster_size=5).fit(table(columns=2)[0])
    vars(model)["_single_linkage_tree"][:, :2] = 1e12
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
