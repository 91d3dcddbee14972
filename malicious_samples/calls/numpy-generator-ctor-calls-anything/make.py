"""Numpy's reconstructor of generators calls whatever function it is given."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    constructor = Name("numpy.random._pickle", "__generator_ctor")
    return Pickle().call(constructor, shell(canary), Name("posix", "system")).finish()
