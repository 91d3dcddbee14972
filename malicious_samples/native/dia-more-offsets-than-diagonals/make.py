"""A sparse matrix has millions of offsets for four diagonals."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    matrix = sparse.dia_matrix(np.eye(4))
    matrix.offsets = np.zeros(2**22, "i4")
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
