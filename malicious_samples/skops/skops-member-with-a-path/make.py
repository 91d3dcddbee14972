"""A member whose name leads out of the directory."""

from __future__ import annotations

from malicious_samples.recipes import json_node, json_text, skops_archive


def build(canary: str) -> bytes:
    del canary
    return skops_archive(("../../evil", b""), ("schema.json", json_text(json_node(1))))
