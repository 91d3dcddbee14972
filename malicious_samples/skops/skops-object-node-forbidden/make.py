"""ObjectNode of a class that is not allowed."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("ObjectNode", "subprocess", "Popen", content=dictionary(a=json_node(1))))
