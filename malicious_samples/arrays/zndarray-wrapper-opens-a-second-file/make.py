"""ZNDArrayWrapper by the name of the module it is defined in."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    wrapper = Name("joblib.numpy_pickle_compat", "ZNDArrayWrapper")
    state = {"filename": canary, "init_args": (Name("numpy", "ndarray"), (0,), "b"), "state": ()}
    return Pickle(3).object_(wrapper, state=state).finish()
