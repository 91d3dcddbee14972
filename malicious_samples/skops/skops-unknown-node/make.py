"""A loader that does not exist."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("EvilNode", "builtins", "list", content=[]))
