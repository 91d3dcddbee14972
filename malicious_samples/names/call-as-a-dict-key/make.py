"""The call stands where a dict key belongs."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().empty_dict().mark().save(system(canary), 1).setitems().finish()
