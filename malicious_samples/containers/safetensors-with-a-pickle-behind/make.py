"""Tensors, and a pickle that calls behind the last of them."""

from __future__ import annotations

import json
import struct

from malicious_samples.recipes import payload


def build(canary: str) -> bytes:
    header = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(8) + payload(canary)
