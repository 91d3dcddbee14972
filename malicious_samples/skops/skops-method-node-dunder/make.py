"""MethodNode asks for a dunder."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    inner = node("ObjectNode", "sklearn.linear_model._base", "LinearRegression")
    content = {"func": "__reduce_ex__", "obj": inner}
    return skops(
        node("MethodNode", "sklearn.linear_model._base", "LinearRegression", content=content)
    )
