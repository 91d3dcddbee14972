"""A second interpreter runs source text."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    interpreter = make_call(Name("_xxsubinterpreters", "create"))
    run = Name("_xxsubinterpreters", "run_string")
    return Pickle().call(run, interpreter, python(canary)).finish()
