"""LossNode calls the class it names."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, sequence, skops


def build(canary: str) -> bytes:
    arguments = sequence("tuple", json_node(["touch", canary]))
    root = node(
        "LossNode", "subprocess", "Popen", __reduce__={"args": arguments}, content=dictionary()
    )
    return skops(root)
