"""The memo is read where nothing was stored."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().binget(7).finish()
