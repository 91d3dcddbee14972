"""The call stands behind an array without padding."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().array(bytes(800), alignment=None).save(system(canary)).tuple2().finish()
