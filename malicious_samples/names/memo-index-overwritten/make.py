"""A memo index is set a second time, to another module."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().short_binunicode("numpy").binput(0).pop().short_binunicode("posix").binput(0).pop()
    p.binget(0).short_binunicode("system").stack_global()
    return p.unicode(shell(canary)).tuple1().reduce().finish()
