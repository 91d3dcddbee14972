"""Numpy's testing helper runs source text."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("numpy.testing._private.utils", "runstring", python(canary), {})
