"""A wrapper from the memo under BUILD again: joblib reads another array behind it."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype, system
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle().save(Name("joblib.numpy_pickle", "NumpyArrayWrapper")).empty_tuple().newobj()
    state = {"subclass": Name("numpy", "ndarray"), "shape": (8,), "order": "C"}
    dtype = make_dtype("u1", order="|")
    p.memo("#").save({**state, "dtype": dtype, "allow_mmap": False}).build().raw(bytes(8))
    p.pop().recall("#").empty_dict().memo().build().raw(b"N" * 8)
    return p.save(system(canary)).tuple2().finish()
