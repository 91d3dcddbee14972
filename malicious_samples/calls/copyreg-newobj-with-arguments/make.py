"""Copyreg.__newobj__ passes arguments on to __new__: memmap creates its file."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    newobj = Name("copyreg", "__newobj__")
    return Pickle().call(newobj, Name("numpy", "memmap"), canary, "uint8", "w+", 0, (1,)).finish()
