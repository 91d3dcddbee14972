"""A decision tree is deeper than it says, so that a path is longer than its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import dumped, grown


def model() -> Any:
    model = grown()
    tree, args, state = model.tree_.__reduce__()
    # Each second node is a leaf, and every sample goes past all of them.
    nodes = np.zeros(20_001, state["nodes"].dtype)
    nodes["left_child"][:-1:2] = np.arange(1, 20_001, 2)
    nodes["right_child"][:-1:2] = np.arange(2, 20_001, 2)
    nodes["left_child"][1::2] = nodes["left_child"][-1] = -1
    nodes["threshold"] = -1e9
    values = np.zeros((len(nodes), 1, 2))
    model.tree_ = tree(*args)
    model.tree_.__setstate__(
        {"max_depth": 1, "node_count": len(nodes), "nodes": nodes, "values": values}
    )
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
