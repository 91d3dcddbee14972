"""The stream ends within a string."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return bytes(Pickle().short_binunicode("abc", length=200))
