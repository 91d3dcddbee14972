"""INST without arguments: a function is called all the same."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(0).mark().inst("posix", "abort").finish()
