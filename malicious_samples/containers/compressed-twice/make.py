"""Zlib within zlib: joblib undoes one."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    return compress(compress(payload(canary), "zlib"), "zlib")
