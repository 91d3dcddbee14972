"""A tokeniser's pattern takes time exponential in the text: branches that are each other
joined."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("re", "_compile", r"(a|b|ab)*c", 32)
