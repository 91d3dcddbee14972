"""NEWOBJ_EX of numpy.memmap with keywords creates the file."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    keywords = {"dtype": "uint8", "mode": "w+", "shape": (1,)}
    return Pickle().save(Name("numpy", "memmap"), (canary,), keywords).newobj_ex().finish()
