"""STRING with two kinds of quotes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).string("'abc\"").finish()
