"""STOP within a MARK."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save(system(canary)).mark().save(1).finish()
