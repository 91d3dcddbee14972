"""A schema in UTF-16, which json.loads accepts."""

from __future__ import annotations

from malicious_samples.recipes import json_node, json_text, skops_archive


def build(canary: str) -> bytes:
    del canary
    return skops_archive(("schema.json", json_text(json_node(1)).encode("utf-16")))
