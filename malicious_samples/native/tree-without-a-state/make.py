"""A tree is made and never given its nodes."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import Stand, dumped, grown


def model() -> Any:
    model = grown()
    tree, args, _ = model.tree_.__reduce__()
    model.tree_ = tree(*args)
    # As it is, it would be pickled with what it has not.
    model.tree_ = Stand(tree, args)
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
