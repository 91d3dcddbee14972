"""The dunder key is set in the state after BUILD has read it, and BUILD runs again."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().save(Name("sklearn.pipeline", "Pipeline")).empty_tuple().newobj().memo("#")
    p.empty_dict().memo("##").build().pop().recall("##").save("__class__", Name("builtins", "int"))
    return p.setitem().pop().recall("#").recall("##").build().finish()
