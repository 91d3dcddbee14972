"""Shared tuples as the arguments of an allowed call: a scanner that walks them never ends."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).global_("operator", "itemgetter").save(1)
    for index in range(40):
        p.binput(index).mark().raw((b"h" + bytes([index])) * 20).tuple_()
    return p.tuple1().reduce().finish()
