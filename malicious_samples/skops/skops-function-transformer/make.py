"""A legitimate FunctionTransformer around a forbidden function."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, node, skops


def build(canary: str) -> bytes:
    del canary
    state = dictionary(func=node("FunctionNode", "os", "system"))
    cls = "sklearn.preprocessing._function_transformer", "FunctionTransformer"
    return skops(node("ObjectNode", *cls, content=state))
