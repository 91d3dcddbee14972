"""No schema.json."""

from __future__ import annotations

from malicious_samples.recipes import skops_archive


def build(canary: str) -> bytes:
    del canary
    return skops_archive(("a.npy", b""))
