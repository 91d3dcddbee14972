"""The call stands among the items of a frozenset."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().mark().save(1, system(canary)).frozenset_().finish()
