"""A file of joblib before 0.10, zlib behind a header of its own."""

from __future__ import annotations

import zlib

from malicious_samples.recipes import payload


def build(canary: str) -> bytes:
    data = payload(canary)
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)
