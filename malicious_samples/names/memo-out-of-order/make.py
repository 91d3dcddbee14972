"""Names are PUT under indices in no order."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle(2).unicode("posix").put(2).pop().unicode("system").put(3).pop()
    p.unicode("numpy").put(0).pop().unicode("log1p").put(1).pop()
    return p.get(2).get(3).stack_global().unicode(shell(canary)).tuple1().reduce().finish()
