"""A state of twenty thousand attributes is given to twenty thousand objects: seven bytes each."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(2).empty_dict().mark()
    for index in range(20_000):
        p.binunicode(f"a{index}").none()
    p.setitems().binput(0).pop().global_("sklearn.linear_model._ridge", "Ridge").binput(1).pop()
    return p.raw(b"h\x01)\x81h\x00b0" * 20_000).none().finish()
