"""A string where a dtype belongs: numpy would take it, joblib not."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), dtype=lambda p: p.save("f8"), shape=(1,)).finish()
