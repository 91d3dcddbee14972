"""The call lies behind gzip."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    return compress(payload(canary), "gzip")
