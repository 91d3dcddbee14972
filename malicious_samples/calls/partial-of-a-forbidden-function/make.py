"""Functools.partial over posix.system, then called."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    partial = make_call(Name("functools", "partial"), Name("posix", "system"), shell(canary))
    return Pickle().call(partial).finish()
