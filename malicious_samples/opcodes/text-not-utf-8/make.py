"""A string that is not UTF-8."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().short_binunicode(b"\xff\xfe").finish()
