"""A node without its class."""

from __future__ import annotations

from malicious_samples.recipes import skops


def build(canary: str) -> bytes:
    del canary
    return skops({"__loader__": "ListNode", "__module__": "builtins", "content": []})
