"""Numpy.ma.core has builtins as an attribute; eval is one dot further."""

from __future__ import annotations

from malicious_samples.recipes import python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    return Pickle().call(Name("numpy.ma.core", "builtins.eval"), python(canary)).finish()
