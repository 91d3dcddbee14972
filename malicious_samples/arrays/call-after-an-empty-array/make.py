"""The call stands behind an array without elements."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(framed=True).array(b"").save(system(canary)).tuple2().finish()
