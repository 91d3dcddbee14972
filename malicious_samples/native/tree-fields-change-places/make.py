"""The fields of a tree's nodes stand in another order, and are taken by their places."""

from __future__ import annotations

from typing import Any

import numpy as np

from malicious_samples.native_state import Stand, dumped, grown


def model() -> Any:
    # scikit-learn compares names and types whatever their order, and copies field by field.
    model = grown()
    tree, args, state = model.tree_.__reduce__()
    legitimate = state["nodes"]
    names = list(legitimate.dtype.names)
    feature, samples = names.index("feature"), names.index("n_node_samples")
    names[feature], names[samples] = names[samples], names[feature]
    nodes = np.zeros(len(legitimate), [(name, legitimate.dtype[name]) for name in names])
    for name in names:
        nodes[name] = legitimate[name]
    nodes["n_node_samples"] = 1 << 40
    model.tree_ = Stand(tree, args, {**state, "nodes": nodes})
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
