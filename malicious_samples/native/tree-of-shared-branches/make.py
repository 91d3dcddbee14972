"""Both children of each node are one and the same, so that there are more ways than time."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from malicious_samples.native_state import dumped, fitted


def model() -> Any:
    model = fitted(DecisionTreeRegressor(max_depth=8, random_state=0))
    tree, args, state = model.tree_.__reduce__()
    nodes = np.zeros(64, state["nodes"].dtype)
    for name in nodes.dtype.names:
        nodes[name] = state["nodes"][name][0]
    nodes["left_child"] = nodes["right_child"] = np.arange(1, 65)
    nodes["left_child"][63] = nodes["right_child"][63] = -1
    nodes["feature"] = 1
    model.tree_ = tree(*args)
    values = np.zeros((64, 1, 1))
    model.tree_.__setstate__({"max_depth": 63, "node_count": 64, "nodes": nodes, "values": values})
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
