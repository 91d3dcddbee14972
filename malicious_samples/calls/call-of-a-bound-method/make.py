"""A method of an instance made in the stream is called."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    method = make_call(Name("builtins", "getattr"), "abc", "upper")
    return Pickle().call(method).finish()
