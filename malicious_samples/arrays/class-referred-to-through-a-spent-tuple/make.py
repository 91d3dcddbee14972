"""A tuple that named a class to construct is used again as the arguments of partial."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().save(Name("functools", "partial"), Name("numpy._core.multiarray", "_reconstruct"))
    p.save((Name("numpy", "memmap"), (0,), b"b")).memo("#").reduce().pop()
    return p.recall("#").reduce().finish()
