"""The pickle of an object array never ends."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    nested = bytes(Pickle(5).save(system(canary)))
    return bytes(Pickle(framed=True).object_array(nested))
