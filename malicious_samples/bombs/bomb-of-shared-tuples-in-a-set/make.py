"""The same as the item of a frozenset."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().mark().save(1)
    for index in range(30):
        p.binput(index).binget(index).tuple2()
    return p.frozenset_().finish()
