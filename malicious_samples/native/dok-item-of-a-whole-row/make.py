"""An item of a matrix of one row is set at that row, of which scipy makes 2**40 numbers."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    matrix = Pickle().object_(
        Name("scipy.sparse._dok", "dok_matrix"), state={"_shape": (1, 2**40), "_dict": {}}
    )
    return matrix.save(0, 1.0).setitem().finish()
