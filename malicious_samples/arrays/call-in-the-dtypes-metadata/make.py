"""The call stands in the metadata of a wrapper's dtype."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype, system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    dtype = make_dtype("f8", metadata=({"a": system(canary)},))
    return Pickle().array(bytes(8), dtype=dtype, shape=(1,)).finish()
