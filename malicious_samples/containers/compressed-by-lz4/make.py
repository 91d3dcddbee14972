"""The call lies behind lz4."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    return compress(payload(canary), "lz4")
