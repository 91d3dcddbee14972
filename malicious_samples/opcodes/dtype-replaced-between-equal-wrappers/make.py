"""Three wrappers of the same bytes; before the last the memo's dtype is another, and less is
array."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle(framed=True).mark().array(bytes(8)).array(bytes(8)).array(bytes(8))
    p.dtype("u1", order="|").overwrite(("dtype", "f8", "<")).pop()
    hidden = bytes(Pickle(0).save(system(canary)).pop())
    hidden += b"N0" * 200
    data = bytes(len(hidden)) + hidden
    p.array(data[: len(data) // 2], shape=(len(data) // 2,)).raw(hidden)
    return p.tuple_().finish()
