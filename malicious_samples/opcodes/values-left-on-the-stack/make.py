"""STOP leaves more than the result on the stack."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save(system(canary), [1]).finish()
