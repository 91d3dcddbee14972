"""A key without a value."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().empty_dict().mark().save("a").setitems().finish()
