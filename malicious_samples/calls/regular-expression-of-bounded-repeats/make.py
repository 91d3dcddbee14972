"""A tokeniser's pattern takes time exponential in the text: bounded repeats within each
other."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("re", "_compile", r"((a{0,16}){0,16}){0,16}b", 32)
