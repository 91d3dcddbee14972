"""The compressed stream ends before STOP, at which joblib 1.6 hangs."""

from __future__ import annotations

from malicious_samples.recipes import compress
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return compress(bytes(Pickle().save([1])), "zlib")
