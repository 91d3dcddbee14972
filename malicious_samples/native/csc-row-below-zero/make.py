"""A sparse matrix names a row below zero."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    matrix = sparse.csc_matrix(np.eye(4))
    matrix.indices[0] = -(2**30)
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
