"""A record of plain bytes that claims objects, and has them once its field's dtype is complete."""

from __future__ import annotations

from tests.builder import Name, Pickle

_RECONSTRUCT = Name("numpy._core.multiarray", "_reconstruct")


def build(canary: str) -> bytes:
    del canary

    def field(p: Pickle) -> None:
        p.recall("field")

    def record(p: Pickle) -> None:
        p.recall("record")

    def objects(p: Pickle) -> None:
        p.dtype("O8", order="|")

    p = Pickle().mark()
    p.call(Name("numpy", "dtype"), "V16", 0, 1).memo("field")
    p.call(Name("numpy", "dtype"), "V16", 0, 1).memo("record")
    p.save((3, "|", None, ("a",), {"a": (field, 0)}, 16, 1, 0x1B)).build()
    p.call(_RECONSTRUCT, Name("numpy", "ndarray"), (0,), b"b")
    p.save((1, (1,), record, 0, [(b"A" * 16,)])).build()
    fields = {"b": (objects, 0), "c": (objects, 8)}
    p.recall("field").save((3, "|", None, ("b", "c"), fields, 16, 1, 0x1B)).build()
    return p.tuple_().finish()
