"""SetNode whose type is a function."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, skops


def build(canary: str) -> bytes:
    items = [json_node("touch"), json_node(canary)]
    return skops(node("SetNode", "subprocess", "check_call", content=items))
