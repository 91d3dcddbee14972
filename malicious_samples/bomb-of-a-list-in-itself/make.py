"""A list that holds itself, as an argument: a scanner that walks it never ends."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).global_("datetime", "timedelta").empty_list().binput(0).binget(0).append()
    return p.tuple1().reduce().finish()
