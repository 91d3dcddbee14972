"""Small genuine files, to be compared with and to be mutated: every protocol, pickle and joblib."""

from __future__ import annotations

import collections
import io
import pickle
from functools import cache
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

__all__ = ["joblibs", "pickles", "values"]


def values() -> list[Any]:
    """Values that between them need every opcode that writers emit."""
    shared = ["shared", "x" * 300]
    data = np.array([[0.0], [1.0]])
    return [
        {"a": shared, "b": shared, "c": (shared, 1, -1, 300, 70_000, 2**70, 1.5, True, None)},
        {"set": {1}, "frozen": frozenset([2]), "bytes": b"\xff", "array": bytearray(b"a")},
        collections.OrderedDict([("a", 1), ("b", collections.Counter("abc"))]),
        {f"term {number}": number for number in range(40)},
        [np.arange(3), np.asfortranarray(np.ones((2, 2), dtype=">f4")), np.float64(1.5)],
        {"objects": np.array(["a", None, shared], dtype=object), "again": shared},
        [np.zeros(shape) for shape in ((), (0,), (2,), (1, 3), (1, 2, 2), (2,))],
        np.zeros(2, dtype=[("left", "<i4"), ("right", "<f8", (2,))]),
        LogisticRegression().fit(data, [0, 1]),
        DecisionTreeClassifier().fit(data, [0, 1]),
    ]


@cache
def pickles() -> list[bytes]:
    """All values in all protocols of ``pickle``."""
    return [pickle.dumps(value, protocol) for value in values() for protocol in range(6)]


@cache
def joblibs() -> list[bytes]:
    """All values in all protocols, as joblib writes them without compression."""
    files = []
    for value in values():
        for protocol in range(6):
            stream = io.BytesIO()
            joblib.dump(value, stream, protocol=protocol)
            files.append(stream.getvalue())
    return files
