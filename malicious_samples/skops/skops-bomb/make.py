"""A member of 100 MiB of zeros."""

from __future__ import annotations

import zipfile

from malicious_samples.recipes import json_node, json_text, skops_archive


def build(canary: str) -> bytes:
    del canary
    text = json_text(json_node(1))
    return skops_archive(
        ("a.npy", bytes(100 << 20)), ("schema.json", text), compression=zipfile.ZIP_DEFLATED
    )
