"""BUILD is run twice on one wrapper: joblib reads two arrays."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    wrapper = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
    p = Pickle().array(bytes(8)).pop()
    return p.save(wrapper).empty_tuple().newobj().memo("#").pop().recall("#").finish()
