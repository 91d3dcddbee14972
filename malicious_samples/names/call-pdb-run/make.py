"""Pdb.run hands source text to the debugger."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("pdb", "run", python(canary))
