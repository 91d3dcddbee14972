"""Code.InteractiveInterpreter runs source text."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    interpreter = make_call(Name("code", "InteractiveInterpreter"))
    method = Name("code", "InteractiveInterpreter.runsource")
    return Pickle().call(method, interpreter, python(canary)).finish()
