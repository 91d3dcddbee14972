"""The call stands behind two arrays in Fortran order and of strings."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype, system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle(framed=True).mark().array(bytes(48), shape=(2, 3), order="F")
    strings = make_dtype("U2", itemsize=8, alignment=4)
    p.array("abcd".encode("utf-32-le"), dtype=strings, shape=(2,))
    return p.save(system(canary)).tuple_().finish()
