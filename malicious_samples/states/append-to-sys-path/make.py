"""APPEND to sys.path: the next import comes from there."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("sys", "path"), "/tmp/evil").append().finish()
