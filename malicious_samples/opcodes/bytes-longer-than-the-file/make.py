"""BINBYTES8 of eight exbibytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().binbytes8(b"a", length=1 << 63).finish()
