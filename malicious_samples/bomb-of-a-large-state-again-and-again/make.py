"""A state of twenty thousand attributes is set twenty thousand times: three bytes each."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).empty_dict().mark()
    for index in range(20_000):
        p.binunicode(f"a{index}").none()
    p.setitems().binput(0).pop().global_("sklearn.pipeline", "Pipeline").empty_tuple().newobj()
    return p.raw(b"h\x00b" * 20_000).finish()
