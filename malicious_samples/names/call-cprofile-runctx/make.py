"""CProfile.runctx runs source text."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("cProfile", "runctx", python(canary), {}, {})
