"""Fewer bytes than the shape says."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return bytes(Pickle().array(bytes(80), shape=(100,)))
