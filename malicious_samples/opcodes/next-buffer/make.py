"""NEXT_BUFFER takes bytes from outside of the file."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(5).next_buffer().finish()
