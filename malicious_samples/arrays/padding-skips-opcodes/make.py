"""A padding of 200 bytes skips what a reader that counts to 16 reads."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    decoy = (b"\xff" * 15 + bytes(8) + b".").ljust(200, b"N")
    p = Pickle().array(bytes(8), padding_length=200, padding=decoy)
    return p.save(system(canary)).tuple2().finish()
