"""A byte that is no opcode stops a scanner, but after the call."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save(system(canary)).raw(b"\xff").finish()
