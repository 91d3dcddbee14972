"""Three wrappers of the same bytes; before the last, BUILD changes the dtype they share."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    dtype = lambda p: p.dtype("V8", order="|", itemsize=8, alignment=1)  # noqa: E731
    p = Pickle(framed=True).mark()
    for _ in range(3):
        p.array(bytes(8), dtype=dtype, shape=(1,))
    p.save(dtype, (3, "|", None, None, None, 1, 1, 0)).build().pop()
    return p.array(bytes(8), dtype=dtype, shape=(1,)).tuple_().finish()
