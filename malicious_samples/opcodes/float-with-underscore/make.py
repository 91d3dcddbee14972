"""FLOAT with an underscore."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).float_("1_0.5").finish()
