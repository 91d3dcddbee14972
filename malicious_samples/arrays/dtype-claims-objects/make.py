"""A float dtype whose flags say that it holds objects."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().dtype("f8", flags=63).finish()
