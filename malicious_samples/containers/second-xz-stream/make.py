"""The stream goes on in a second xz stream, which joblib reads too."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload


def build(canary: str) -> bytes:
    data = payload(canary)
    return compress(data[:20], "xz") + compress(data[20:], "xz")
