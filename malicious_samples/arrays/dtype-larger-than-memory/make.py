"""A record of two gibibytes an element."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().dtype("V8", order="|", itemsize=0x7FFF_FFFF, alignment=1).finish()
