"""A Cyrillic letter in an allowed name."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("s\u043alearn.pipeline", "Pipeline")).finish()
