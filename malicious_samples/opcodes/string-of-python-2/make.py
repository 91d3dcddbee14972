"""SHORT_BINSTRING with bytes that are not ASCII, which only encoding= can read."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).short_binstring(b"\xe9").finish()
