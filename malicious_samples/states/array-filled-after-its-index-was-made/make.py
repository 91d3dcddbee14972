"""An index is made from an array of no labels, which is given its labels afterwards."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().mark()
    p.save(Name("numpy._core.multiarray", "_reconstruct"))
    p.save((Name("numpy", "ndarray"), (0,), b"b")).reduce().memo("labels").pop()
    p.save(Name("pandas.core.indexes.base", "_new_Index"), Name("pandas", "Index"))
    p.empty_dict().save("data").recall("labels").setitem().tuple2().reduce()
    p.recall("labels").mark().save(1, (2,)).dtype("O8", order="|", flags=0x3F)
    return p.newfalse().save(["a", "b"]).tuple_().build().tuple_().finish()
