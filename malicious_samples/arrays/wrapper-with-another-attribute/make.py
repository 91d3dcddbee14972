"""A wrapper's state replaces its method read."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), state={"read": Name("numpy", "log1p")}).finish()
