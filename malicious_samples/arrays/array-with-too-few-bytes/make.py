"""An array's state has fewer bytes than its shape says."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().call(
        Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray"), (0,), b"b"
    )
    return p.save((1, (1000,), make_dtype("f8"), False, b"A" * 8)).build().finish()
