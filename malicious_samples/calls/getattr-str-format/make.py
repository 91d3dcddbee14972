"""Str.format reads attributes of what it formats."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    template = "{0.__init__.__globals__}"
    method = make_call(Name("builtins", "getattr"), template, "format")
    return Pickle().call(method, Name("sklearn.pipeline", "Pipeline")).finish()
