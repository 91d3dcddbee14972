"""REDUCE of os.system in the text opcodes of protocol 0."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("os", "system", shell(canary), proto=0)
