"""The schema points to a member that is not there."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("BytesNode", "builtins", "bytes", file="missing.bin"))
