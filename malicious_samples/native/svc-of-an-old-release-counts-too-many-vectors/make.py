"""A support vector machine of an old release counts fewer than no vectors of a class."""

from __future__ import annotations

import pickle

from malicious_samples.native_state import table

_NAMES = {
    b"csklearn.svm._classes\n": b"csklearn.svm.classes\n",
    b"_n_support": b"n_support_",
    b"_probA": b"probA_",
    b"_probB": b"probB_",
}


def build(canary: str) -> bytes:
    from sklearn.svm import SVC

    del canary
    model = SVC().fit(*table())
    counts = vars(model)["_n_support"]
    counts[:] = [-(2**30), len(model.support_) + 2**30]
    data = pickle.dumps(model, 2)
    for now, before in _NAMES.items():
        data = data.replace(now, before)
    return data
