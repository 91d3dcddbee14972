"""A numpy scalar of an object dtype from raw bytes."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    dtype = make_dtype("O8", order="|")
    return Pickle().call(Name("numpy._core.multiarray", "scalar"), dtype, b"A" * 8).finish()
