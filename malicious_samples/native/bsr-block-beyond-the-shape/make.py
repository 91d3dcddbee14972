"""A sparse matrix of blocks names a block far beyond its shape."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import sparse

    matrix = sparse.bsr_array(np.eye(4))
    matrix.indices[0] = 2**28
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
