"""A protocol that does not exist."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(0).proto(6).save(1).finish()
