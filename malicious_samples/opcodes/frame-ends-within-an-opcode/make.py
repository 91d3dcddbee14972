"""A frame ends between an opcode and its argument."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().frame(1).short_binunicode("abc").finish()
