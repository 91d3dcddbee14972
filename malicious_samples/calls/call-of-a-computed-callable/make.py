"""What an allowed call returned is called in turn."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    partial = make_call(Name("functools", "partial"), Name("builtins", "len"), "abc")
    return Pickle().call(partial).finish()
