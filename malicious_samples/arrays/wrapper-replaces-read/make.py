"""A wrapper's state replaces read_array by a forbidden function; joblib calls it."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    partial = make_call(Name("functools", "partial"), Name("numpy", "savetxt"), canary)
    return Pickle().array(b"", state={"read": partial}).finish()
