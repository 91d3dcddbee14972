"""MaskedArrayNode is made whatever class it names."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, skops


def build(canary: str) -> bytes:
    del canary
    content = {"data": json_node([1]), "mask": json_node([False])}
    return skops(node("MaskedArrayNode", "subprocess", "Popen", content=content))
