"""Getattr on an array made in the stream reaches tofile."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    reconstruct = Name("numpy._core.multiarray", "_reconstruct")
    array = make_call(reconstruct, Name("numpy", "ndarray"), (0,), b"b")
    method = make_call(Name("builtins", "getattr"), array, "tofile")
    return Pickle().call(method, canary).finish()
