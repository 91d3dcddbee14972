"""Ten thousand lists within each other."""

from __future__ import annotations

from malicious_samples.recipes import skops_archive


def build(canary: str) -> bytes:
    del canary
    opening = (
        '{"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": ['
    )
    root = (
        opening[: -len('"content": [')] + '"protocol": 2, "_skops_version": "0.16.0", "content": ['
    )
    text = root + opening * 10_000 + "]}" * 10_001
    return skops_archive(("schema.json", text))
