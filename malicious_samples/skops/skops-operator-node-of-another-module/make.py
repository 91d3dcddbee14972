"""OperatorFuncNode that names a trusted class in another module."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, sequence, skops


def build(canary: str) -> bytes:
    del canary
    attrs = sequence("tuple", json_node("a"))
    return skops(node("OperatorFuncNode", "sklearn.linear_model._base", "call", attrs=attrs))
