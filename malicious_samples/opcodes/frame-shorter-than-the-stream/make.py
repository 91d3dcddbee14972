"""STOP stands within a frame that goes on."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().frame(5).save(1).stop().raw(b"NN").finish()
