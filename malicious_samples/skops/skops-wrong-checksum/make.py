"""A member's checksum is wrong: some readers stop, some go on."""

from __future__ import annotations

from malicious_samples.recipes import json_node, skops


def build(canary: str) -> bytes:
    del canary
    data = skops(json_node(1))
    return data.replace(data[14:18], bytes(4))
