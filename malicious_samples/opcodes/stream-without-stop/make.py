"""The stream ends before STOP; the call has been made by then."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return bytes(Pickle().save(system(canary)))
