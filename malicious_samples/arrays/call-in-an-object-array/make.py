"""The call is an element of an object array, in a pickle of its own."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(framed=True).object_array(Pickle.nested_objects(system(canary))).finish()
