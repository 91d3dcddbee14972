"""The same with nothing but allowed names in it."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls = Name("sklearn.gaussian_process.kernels", "RBF")
    p = Pickle().save(cls, (None, {"__call__": Name("numpy", "log1p")})).build()
    return p.empty_tuple().newobj().save({"length_scale": 1.0}).build().finish()
