"""An array's member holds pickled objects."""

from __future__ import annotations

from malicious_samples.recipes import node, npy, skops
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    root = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="a.npy")
    return skops(root, a_npy=npy(Pickle().save(Name("posix", "system")).finish()))
