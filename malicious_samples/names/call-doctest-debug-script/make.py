"""Doctest.debug_script runs source text in the debugger."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("doctest", "debug_script", python(canary))
