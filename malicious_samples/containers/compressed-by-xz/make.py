"""The call lies behind xz."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    return compress(payload(canary), "xz")
