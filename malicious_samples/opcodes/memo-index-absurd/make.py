"""LONG_BINPUT under two billion makes CPython allocate a memo of 32 GiB."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(1).long_binput(0x7FFF_FFFF).finish()
