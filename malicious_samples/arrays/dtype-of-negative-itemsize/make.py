"""A record whose elements have a negative size."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().dtype("V16", order="|", itemsize=-16, alignment=1).finish()
