"""Operator.methodcaller calls any method."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    caller = make_call(Name("operator", "methodcaller"), "touch")
    path = make_call(Name("pathlib", "PosixPath"), canary)
    return Pickle().call(caller, path).finish()
