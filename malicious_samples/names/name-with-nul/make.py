"""A NUL ends the name for whoever reads it in C."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sklearn.pipeline\0posix", "Pipeline")).finish()
