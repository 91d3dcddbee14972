"""Trace.Trace.run runs source text."""

from __future__ import annotations

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    tracer = make_call(Name("trace", "Trace"), 0, 0)
    return Pickle().call(Name("trace", "Trace.run"), tracer, python(canary)).finish()
