"""A key stands twice in the JSON: readers differ in which they take."""

from __future__ import annotations

from malicious_samples.recipes import json_node, json_text, skops_archive


def build(canary: str) -> bytes:
    del canary
    text = json_text(json_node(1))
    twice = text.replace("{", '{"__module__": "posix", ', 1)
    return skops_archive(("schema.json", twice))
