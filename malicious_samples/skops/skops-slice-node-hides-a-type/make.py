"""SliceNode, whose parts skops does not audit, names a forbidden type."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    content = {"start": 1, "stop": 2, "step": 3}
    return skops(node("SliceNode", "posix", "system", content=content))
