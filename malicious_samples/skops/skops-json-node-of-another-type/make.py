"""JsonNode, which skops always trusts, names a forbidden type."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("JsonNode", "posix", "system", content="1", is_json=True))
