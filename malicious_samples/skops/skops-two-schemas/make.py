"""Two members named schema.json: readers differ in which they take."""

from __future__ import annotations

from malicious_samples.recipes import json_node, json_text, node, skops_archive


def build(canary: str) -> bytes:
    del canary
    legitimate, other = json_text(json_node(1)), json_text(node("FunctionNode", "posix", "system"))
    return skops_archive(("schema.json", legitimate), ("schema.json", other))
