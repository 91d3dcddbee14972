"""Compile makes a code object, exec runs it."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    code = make_call(Name("builtins", "compile"), python(canary), "<model>", "exec")
    return Pickle().call(Name("builtins", "exec"), code).finish()
