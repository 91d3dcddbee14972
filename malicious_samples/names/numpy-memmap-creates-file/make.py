"""NEWOBJ of numpy.memmap with a path and mode w+ creates the file."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    return Pickle().object_(Name("numpy", "memmap"), canary, "uint8", "w+", 0, (1,)).finish()
