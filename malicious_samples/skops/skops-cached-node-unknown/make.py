"""CachedNode points to an id that is not there."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("CachedNode", "builtins", "list", __id__=12345))
