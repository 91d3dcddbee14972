"""PERSID asks the loader's own hook for an object."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).persid("model").finish()
