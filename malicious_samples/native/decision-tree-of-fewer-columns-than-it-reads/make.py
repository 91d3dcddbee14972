"""A decision tree lets data through with fewer columns than its nodes ask for."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, grown, regrown


def model() -> Any:
    model = grown()
    tree, args, state = regrown(model, feature={0: 1 << 29}).__reduce__()
    model.tree_ = tree(1 << 30, *args[1:])
    model.tree_.__setstate__(state)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
