"""A batch like a vocabulary's crosses the end of its frame."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().frame(305).empty_dict().memoize().mark()
    for index in range(400):
        p.short_binunicode("word").memoize().binint1(index % 256)
    return p.setitems().finish()
