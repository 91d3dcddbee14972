"""BUILD twice: the second state forges what the first had right."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    state = (3, "|", None, None, None, -1, -1, 0)
    return Pickle().dtype("O8", order="|").save(state).build().finish()
