"""INT in hexadecimal: readers differ in whether it is a number."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("0x10").finish()
