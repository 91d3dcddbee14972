"""The dict that was a wrapper's state is changed, and used again for another wrapper."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype, system
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = (
        Pickle()
        .save(Name("joblib.numpy_pickle", "NumpyArrayWrapper"))
        .empty_tuple()
        .newobj()
        .memo("#")
    )
    dtype = make_dtype("u1", order="|")
    state = {"subclass": Name("numpy", "ndarray"), "shape": (8,), "order": "C"}
    p.empty_dict().memo("##").mark()
    for key, value in {**state, "dtype": dtype, "allow_mmap": False}.items():
        p.save(key, value)
    p.setitems().build().raw(bytes(8)).pop()
    p.recall("##").save("shape", (0,)).setitem().pop().recall("#").recall("##").build()
    return p.save(system(canary)).tuple2().finish()
