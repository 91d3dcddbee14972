"""STACK_GLOBAL with names in SHORT_BINSTRING."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().short_binstring(b"posix").short_binstring(b"system").stack_global()
    return p.unicode(shell(canary)).tuple1().reduce().finish()
