"""An object field lies over a number's bytes."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    number, pointer = make_dtype("i8"), make_dtype("O8", order="|")
    fields = {"a": (number, 0), "b": (pointer, 0)}
    p = Pickle().dtype(
        "V8", order="|", names=("a", "b"), fields=fields, itemsize=8, alignment=1, flags=27
    )
    return p.finish()
