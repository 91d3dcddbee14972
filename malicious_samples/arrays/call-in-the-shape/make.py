"""The call stands in a wrapper's shape; it returns 0, a length."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().array(b"", shape=(system(canary),)).finish()
