"""The call is an element of an object array within an object array."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype, system
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    reconstruct = Name("numpy._core.multiarray", "_reconstruct")

    def inner(p: Pickle) -> None:
        p.call(reconstruct, Name("numpy", "ndarray"), (0,), b"b")
        dtype = make_dtype("O8", order="|")
        p.save((1, (1,), dtype, False, [system(canary)])).build()

    return Pickle(framed=True).object_array(Pickle.nested_objects(inner)).finish()
