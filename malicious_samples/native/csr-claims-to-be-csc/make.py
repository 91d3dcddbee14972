"""A matrix in compressed rows says that it is one in compressed columns."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    from scipy import sparse

    matrix = sparse.csr_matrix((4, 10_000_000))
    vars(matrix)["_format"] = "csc"
    return matrix


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
