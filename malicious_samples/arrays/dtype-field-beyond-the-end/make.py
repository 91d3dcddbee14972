"""A field begins where the record has ended."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    fields = {"a": (make_dtype("i8"), 64)}
    p = Pickle().dtype(
        "V8", order="|", names=("a",), fields=fields, itemsize=8, alignment=1, flags=16
    )
    return p.finish()
