"""STACK_GLOBAL with a name that a call returns."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle().save("posix").call(Name("builtins", "getattr"), "a", "join")
    return p.stack_global().save((shell(canary),)).reduce().finish()
