"""STACK_GLOBAL with strings fetched from the memo."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = (
        Pickle()
        .short_binunicode("posix")
        .memoize()
        .pop()
        .short_binunicode("system")
        .memoize()
        .pop()
    )
    p.short_binunicode("decoy").memoize().pop()
    return p.binget(0).binget(1).stack_global().save((shell(canary),)).reduce().finish()
