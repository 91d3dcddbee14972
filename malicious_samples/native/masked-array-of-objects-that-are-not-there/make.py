"""A masked array is made by NEWOBJ, past the rule for arrays, of objects that are not there."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().object_(Name("numpy.ma", "MaskedArray")).mark().save(1, (50_000,))
    p.dtype("O8", order="|", flags=0x3F).newfalse().save([])
    return p.save(bytes(50_000), None).tuple_().build().finish()
