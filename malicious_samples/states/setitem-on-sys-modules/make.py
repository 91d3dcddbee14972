"""SETITEM on sys.modules replaces a module for everybody."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    modules = Name("sys", "modules")
    p = Pickle().save(modules, "math", lambda p: p.save(Name("numpy.f2py", "os"))).setitem().pop()
    return p.call(Name("math", "system"), shell(canary)).finish()
