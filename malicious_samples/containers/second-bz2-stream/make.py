"""The stream goes on in a second bz2 stream, which joblib reads too."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    data = payload(canary)
    return compress(data[:20], "bz2") + compress(data[20:], "bz2")
