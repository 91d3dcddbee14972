"""A right-to-left override turns the name round on a terminal."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn.pipeline\u202e", "metsys\u202c")).finish()
