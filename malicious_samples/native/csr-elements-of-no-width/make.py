"""A sparse matrix has as many elements as indices, each of no width."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    stored = 4_000_000
    indices, starts = np.zeros(stored, np.int32), np.array([0, stored], np.int32)
    matrix = sparse.csr_matrix((np.zeros(stored, np.int8), indices, starts), shape=(1, 1))
    # The widest there is: it has to be beyond the heap, however large that is.
    matrix.data = np.zeros((stored, 0), np.clongdouble)
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
