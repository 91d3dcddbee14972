"""INT with a plus: the C unpickler took +0 and +1 for truth values."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).int_("+0").finish()
