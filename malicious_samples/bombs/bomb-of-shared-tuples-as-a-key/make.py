"""Thirty tuples, each twice in the next, as a dict key: hashing takes 2**30 steps."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().empty_dict().save(1)
    for index in range(30):
        p.binput(index).binget(index).tuple2()
    return p.none().setitem().finish()
