"""A Python 2 name where it is not renamed."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("__builtin__", "getattr", "abc", "upper")
