"""A name of a million letters."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn." + "a" * 1_000_000, "Pipeline")).finish()
