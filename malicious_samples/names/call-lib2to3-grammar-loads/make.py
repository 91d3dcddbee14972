"""Lib2to3's grammar unpickles the bytes it is given."""

from __future__ import annotations

from malicious_samples.recipes import make_call, payload
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    grammar = make_call(Name("lib2to3.pgen2.grammar", "Grammar"))
    method = Name("lib2to3.pgen2.grammar", "Grammar.loads")
    return Pickle().call(method, grammar, payload(canary)).finish()
