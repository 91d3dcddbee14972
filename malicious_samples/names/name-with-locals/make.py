"""A name within a function."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn.pipeline", "make_pipeline.<locals>.f")).finish()
