"""PROTO within the stream."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save([1]).proto(4).finish()
