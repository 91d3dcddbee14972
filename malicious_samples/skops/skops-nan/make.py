"""A number that JSON does not have."""

from __future__ import annotations

from malicious_samples.recipes import json_node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(json_node(1), protocol=float("nan"))
