"""The stream goes on in a second gzip stream, at which joblib 1.6 hangs."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    data = payload(canary)
    return compress(data[:20], "gzip") + compress(data[20:], "gzip")
