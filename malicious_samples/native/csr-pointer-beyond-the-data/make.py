"""A sparse matrix has rows that begin far behind its data."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    matrix = sparse.csr_array(np.eye(4))
    matrix.indptr[1:] = 2**30
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
