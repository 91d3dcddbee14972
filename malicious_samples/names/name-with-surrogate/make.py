"""Half of a surrogate pair in a name cannot be printed."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn.pipeline\ud800", "Pipeline")).finish()
