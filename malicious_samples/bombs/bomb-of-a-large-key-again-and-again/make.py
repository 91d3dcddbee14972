"""A key of nine thousand numbers is looked up thirty thousand times: three bytes each."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).mark().raw(b"K\x01" * 9_000).tuple_().binput(0).pop().empty_dict()
    return p.raw(b"h\x00Ns" * 30_000).finish()
