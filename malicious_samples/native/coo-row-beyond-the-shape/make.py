"""A sparse matrix of coordinates names a row far beyond its shape."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    matrix = sparse.coo_matrix(np.eye(4))
    matrix.coords[0][:] = 2**30
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
