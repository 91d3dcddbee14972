"""The padding is STOP opcodes."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().array(bytes(8), padding_length=15, padding=b"." * 15)
    return p.save(system(canary)).tuple2().finish()
