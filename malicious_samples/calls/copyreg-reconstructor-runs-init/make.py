"""Copyreg._reconstructor calls the __init__ of the base it is given."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    handler = Name("logging", "FileHandler")
    return Pickle().call(Name("copyreg", "_reconstructor"), handler, handler, canary).finish()
