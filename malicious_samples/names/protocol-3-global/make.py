"""GLOBAL under PROTO 3."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("posix", "system", shell(canary), proto=3)
