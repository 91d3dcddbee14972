"""Getattr walks from an allowed class to its subclasses."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    method = make_call(Name("builtins", "getattr"), Name("builtins", "object"), "__subclasses__")
    return Pickle().call(method).finish()
