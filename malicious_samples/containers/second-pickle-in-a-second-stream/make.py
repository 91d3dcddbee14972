"""A second compressed stream holds a second pickle."""

from __future__ import annotations

from malicious_samples.recipes import compress, payload
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return compress(Pickle().save([1]).finish(), "gzip") + compress(payload(canary), "gzip")
