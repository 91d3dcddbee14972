"""The compressed stream breaks off after the call."""

from __future__ import annotations

from malicious_samples.recipes import compress, system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    data = Pickle().save(system(canary)).raw(b"N0" * 100_000)
    return compress(bytes(data), "zlib")[:-20]
