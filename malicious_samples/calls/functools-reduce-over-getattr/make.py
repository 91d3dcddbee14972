"""Functools.reduce walks attributes with getattr."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    path = [Name("numpy", "f2py"), "os", "system"]
    function = make_call(Name("functools", "reduce"), Name("builtins", "getattr"), path)
    return Pickle().call(function, shell(canary)).finish()
