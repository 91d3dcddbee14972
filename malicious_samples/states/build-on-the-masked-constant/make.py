"""Numpy.ma.masked is one object for the whole process, and BUILD unmasks it."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = (1, (1,), make_dtype("f8"), False, bytes(8), bytes(1), None)
    return Pickle().call(Name("numpy.ma.core", "MaskedConstant")).save(state).build().finish()
