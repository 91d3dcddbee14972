"""The checksum is wrong: some readers stop, some go on."""

from __future__ import annotations

from malicious_samples.recipes import compress
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    data = compress(Pickle().save([1]).finish(), "gzip")
    return data[:-8] + bytes(4) + data[-4:]
