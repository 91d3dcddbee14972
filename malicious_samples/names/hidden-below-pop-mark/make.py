"""POP_MARK throws away a whole part of the stack, calls included."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save([1]).mark().save(system(canary)).pop_mark().finish()
