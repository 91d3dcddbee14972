"""__builtin__ is builtins below protocol 3."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("__builtin__", "eval", python(canary), proto=2)
