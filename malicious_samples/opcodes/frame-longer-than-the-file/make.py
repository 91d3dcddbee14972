"""A frame reaches beyond the end."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return bytes(Pickle().frame(1 << 20).save(system(canary)).stop())
