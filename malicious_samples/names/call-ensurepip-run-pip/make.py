"""Ensurepip runs pip with any arguments."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("ensurepip", "_run_pip", ["--version"])
