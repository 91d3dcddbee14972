"""A dtype whose field's type is the dtype itself."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().save(Name("numpy", "dtype"), ("V8", False, True)).reduce().memo("#")
    p.mark().save(3, "|", None, ("a",)).empty_dict().save("a").recall("#").save(
        0
    ).tuple2().setitem()
    return p.save(8, 1, 16).tuple_().build().finish()
