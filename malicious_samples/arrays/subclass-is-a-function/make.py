"""A wrapper's subclass is a forbidden function."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), subclass=Name("posix", "system")).finish()
