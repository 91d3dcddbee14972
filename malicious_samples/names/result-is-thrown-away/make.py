"""POP removes the call's result and an innocent list remains."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().save(system(canary)).pop().save([1, 2]).finish()
