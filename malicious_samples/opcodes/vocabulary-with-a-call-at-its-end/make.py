"""A batch like a vocabulary's, whose last value is a call."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    words = {f"word{index}": index for index in range(999)}
    return Pickle(framed=True).save({**words, "last": system(canary)}).finish()
