"""An array of plain bytes whose dtype becomes one of objects afterwards: bytes become pointers."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary

    def plain(p: Pickle) -> None:
        p.call(Name("numpy", "dtype"), "V16", 0, 1).memo("dtype")

    def objects(p: Pickle) -> None:
        p.dtype("O8", order="|")

    p = Pickle().mark().array(b"A" * 16, dtype=plain, shape=(1,)).recall("dtype")
    fields = {"a": (objects, 0), "b": (objects, 8)}
    p.save((3, "|", None, ("a", "b"), fields, 16, 1, 0x1B)).build()
    return p.tuple_().finish()
