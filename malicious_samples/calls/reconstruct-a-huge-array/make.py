"""Numpy's _reconstruct with another shape than (0,) allocates it."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    reconstruct = Name("numpy._core.multiarray", "_reconstruct")
    return Pickle().call(reconstruct, Name("numpy", "ndarray"), (1 << 40,), b"b").finish()
