"""ObjectNode's state sets a dunder."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, node, skops


def build(canary: str) -> bytes:
    del canary
    state = dictionary(__class__=node("TypeNode", "builtins", "int"))
    return skops(
        node("ObjectNode", "sklearn.linear_model._base", "LinearRegression", content=state)
    )
