"""A node of a decision tree has a child far before the first node."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, grown, regrown


def model() -> Any:
    model = grown()
    model.tree_ = regrown(model, left_child={0: -(1 << 40)}, right_child={0: -(1 << 40)})
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
