"""A function on the list stands in an attribute that takes none, before a method of that name."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls = Name("sklearn.preprocessing._data", "StandardScaler")
    return Pickle().object_(cls, state=legitimate_state(_reset=Name("numpy", "log1p"))).finish()
