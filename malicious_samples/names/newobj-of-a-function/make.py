"""NEWOBJ of a function that may only be referred to."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().object_(Name("numpy", "log1p")).finish()
