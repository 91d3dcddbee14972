"""Numpy.dtype without a copy is one object for the whole process, and here it gets a state."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = (3, ">", None, None, None, -1, -1, 0)
    return Pickle().call(Name("numpy", "dtype"), "f8").save(state).build().finish()
