"""An alignment of None takes the padding for data."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), state={"numpy_array_alignment_bytes": None}).finish()
