"""The same in a wrapper: joblib reads raw bytes as object pointers."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    dtype = make_dtype("O8", order="|", flags=0)
    return Pickle().array(b"A" * 8, dtype=dtype, shape=(1,)).finish()
