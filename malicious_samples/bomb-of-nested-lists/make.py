"""A hundred thousand lists within each other: freeing them overflows the C stack."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return bytes(Pickle().raw(b"]" * 100_000 + b"a" * 99_999).stop())
