"""One member is read as bytes and as an array."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    first = node("BytesNode", "builtins", "bytes", file="schema.json")
    return skops(first)
