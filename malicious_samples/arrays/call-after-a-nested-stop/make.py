"""The call stands behind the STOP of an object array."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle(framed=True).object_array(Pickle.nested_objects("a"))
    return p.save(system(canary)).tuple2().finish()
