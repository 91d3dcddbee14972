"""BUILD on a list."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save([1], {"a": 1}).build().finish()
