"""The call stands behind an array's bytes, where opcode readers have given up."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(framed=True).array(bytes(800)).save(system(canary)).tuple2().finish()
