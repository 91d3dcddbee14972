"""Bytes follow the compressed stream."""

from __future__ import annotations

from malicious_samples.recipes import compress
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return compress(Pickle().save([1]).finish(), "zlib") + b"trailing"
