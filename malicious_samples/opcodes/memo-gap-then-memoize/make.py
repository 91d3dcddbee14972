"""MEMOIZE after a gap in the memo: C and Python count differently."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().save("decoy").binput(5).pop().short_binunicode("posix").memoize().pop()
    p.binget(1).short_binunicode("system").stack_global()
    return p.unicode(shell(canary)).tuple1().reduce().finish()
