"""PUT and MEMOIZE are mixed so that a naive count names an innocent global."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().short_binunicode("posix").binput(0).short_binunicode("system").binput(1)
    p.short_binunicode("numpy").memoize().short_binunicode(
        "log1p"
    ).memoize().pop().pop().pop().pop()
    return p.binget(0).binget(1).stack_global().unicode(shell(canary)).tuple1().reduce().finish()
