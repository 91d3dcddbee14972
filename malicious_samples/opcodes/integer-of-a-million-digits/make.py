"""LONG with a million digits."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).long_("1" * 1_000_000 + "L").finish()
