"""GET with a space before the index, which int() forgives."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).save("a").get(" 0").finish()
