"""NdArrayNode calls the class it names with the array."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    import_ = node("NdArrayNode", "pickle", "loads", type="numpy", file="a.npy")
    return skops(import_, a_npy=b"")
