"""A batch like a vocabulary's is put into a list."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().empty_list().memoize().mark()
    for index in range(40):
        p.short_binunicode("word").memoize().binint1(index)
    return p.setitems().finish()
