"""SETITEM on an array made in the stream."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8)).save(0, 1.0).setitem().finish()
