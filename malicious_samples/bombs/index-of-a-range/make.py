"""An index of objects is made from a range of seventy million numbers."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle(4).save(Name("pandas.core.indexes.base", "_new_Index"), Name("pandas", "Index"))
    p.empty_dict().mark().save("data")
    p.call(Name("builtins", "range"), 0, 70_000_000, 1)
    return p.save("dtype", "object").setitems().tuple2().reduce().finish()
