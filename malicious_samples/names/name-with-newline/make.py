"""A line break in the name forges a line of the report."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn.pipeline", "Pipeline\naccept")).finish()
