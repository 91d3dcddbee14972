"""The local header has another name than the directory."""

from __future__ import annotations

from malicious_samples.recipes import json_node, skops


def build(canary: str) -> bytes:
    del canary
    data = skops(json_node(1))
    return data.replace(b"schema.json", b"schemA.json", 1)
