"""A tokeniser's pattern: ten repeats side by side take time of the tenth power."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("re", "_compile", r"a*a*a*a*a*a*a*a*a*a*b", 32)
