"""A method of the allowed class ndarray, named with a dot, writes a file."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    reconstruct = Name("numpy._core.multiarray", "_reconstruct")
    array = make_call(reconstruct, Name("numpy", "ndarray"), (0,), b"b")
    return Pickle().call(Name("numpy", "ndarray.tofile"), array, canary).finish()
