"""DUP, which no pickler emits."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(1).dup().tuple2().finish()
