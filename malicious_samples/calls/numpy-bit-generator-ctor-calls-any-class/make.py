"""Numpy's reconstructor of bit generators calls whatever class it is given."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    constructor = Name("numpy.random._pickle", "__bit_generator_ctor")
    return Pickle().call(constructor, Name("sklearn.pipeline", "Pipeline")).finish()
