"""STACK_GLOBAL in a frame, protocol 5."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(5, framed=True).save(system(canary)).finish()
