"""An array's bytes are a whole pickle with STOP, and the call stands behind."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    decoy = Pickle().save({"a": 1}).finish()
    return Pickle().array(decoy, dtype="|u1").save(system(canary)).tuple2().finish()
