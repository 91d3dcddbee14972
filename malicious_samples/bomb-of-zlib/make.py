"""80 MiB of zeros in a few hundred kilobytes or less of zlib."""

from __future__ import annotations

from malicious_samples.recipes import compress


def build(canary: str) -> bytes:
    del canary
    return compress(bytes(80 << 20), "zlib")
