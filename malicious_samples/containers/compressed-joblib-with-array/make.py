"""The call lies behind gzip and behind an array."""

from __future__ import annotations

from malicious_samples.recipes import compress, system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle(framed=True).array(bytes(80_000)).save(system(canary)).tuple2()
    return compress(p.finish(), "gzip")
