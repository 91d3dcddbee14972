"""__import__ returns a module, getattr its function."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    module = make_call(Name("builtins", "__import__"), "os")
    function = make_call(Name("builtins", "getattr"), module, "system")
    return Pickle().call(function, shell(canary)).finish()
