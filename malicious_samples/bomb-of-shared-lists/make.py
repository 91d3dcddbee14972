"""Forty lists, each ten times in the next: harmless to load, endless to walk."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).global_("datetime", "timedelta").save(1)
    for index in range(40):
        p.binput(index).empty_list().mark().raw((b"h" + bytes([index])) * 10).appends()
    return p.tuple1().reduce().finish()
