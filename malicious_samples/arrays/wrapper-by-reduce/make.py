"""The wrapper's class is called; joblib reads an array after BUILD all the same."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    dtype = make_dtype("u1", order="|")
    p = Pickle().call(
        Name("joblib.numpy_pickle", "NumpyArrayWrapper"),
        Name("numpy", "ndarray"),
        (8,),
        "C",
        dtype,
        0,
        None,
    )
    return p.empty_dict().build().raw(b"N" * 8).finish()
