"""Shared tuples as the arguments of an allowed call: a scanner that walks them never ends."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).global_("operator", "itemgetter").save((Name("builtins", "len"),))
    for index in range(1, 41):
        p.binput(index).pop().mark().raw((b"h" + bytes([index])) * 20).tuple_()
    return p.reduce().finish()
