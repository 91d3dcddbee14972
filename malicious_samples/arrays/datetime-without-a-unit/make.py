"""A datetime64 type whose state lacks the unit: numpy reads it from nowhere."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = (3, "<", None, None, None, -1, -1, 0)
    dtype = Pickle().save(Name("numpy", "dtype"), ("M8", False, True)).reduce()
    return dtype.save(state).build().finish()
