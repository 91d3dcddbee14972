"""An array's bytes are STOP opcodes, and the call stands behind."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle().array(b"." * 800).save(system(canary)).tuple2().finish()
