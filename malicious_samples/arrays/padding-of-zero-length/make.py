"""No padding where there has to be some."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), padding_length=0).finish()
