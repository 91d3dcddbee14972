"""UNICODE writes the module's name in escapes."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().unicode(rb"\u0070osix").unicode(rb"syst\u0065m").stack_global()
    return p.unicode(shell(canary)).tuple1().reduce().finish()
