"""A buffer from outside of the file, marked read-only."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(5).next_buffer().readonly_buffer().finish()
