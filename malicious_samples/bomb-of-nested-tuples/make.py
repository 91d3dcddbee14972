"""A hundred thousand tuples within each other."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return bytes(Pickle().raw(b")" + b"\x85" * 100_000).stop())
