"""Bdb.Bdb.run runs source text without asking."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    debugger = make_call(Name("bdb", "Bdb"))
    return Pickle().call(Name("bdb", "Bdb.run"), debugger, python(canary)).finish()
