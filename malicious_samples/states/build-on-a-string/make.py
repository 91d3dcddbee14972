"""BUILD on a string."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save("abc", {"a": 1}).build().finish()
