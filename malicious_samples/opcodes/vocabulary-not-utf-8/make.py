"""A key of a vocabulary is not UTF-8."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().empty_dict().memoize().mark()
    for index in range(40):
        p.short_binunicode(b"word\xff").memoize().binint1(index)
    return p.setitems().finish()
