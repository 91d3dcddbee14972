"""A flag in the local header says that the member is encrypted."""

from __future__ import annotations

from malicious_samples.recipes import json_node, skops


def build(canary: str) -> bytes:
    del canary
    data = bytearray(skops(json_node(1)))
    data[6] |= 1
    return bytes(data)
