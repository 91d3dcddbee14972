"""NDArrayWrapper names a file of another folder, which joblib opens and unpickles."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    wrapper = Name("joblib.numpy_pickle", "NDArrayWrapper")
    state = {"filename": canary, "subclass": Name("numpy", "ndarray"), "allow_mmap": False}
    return Pickle(3).object_(wrapper, state=state).finish()
