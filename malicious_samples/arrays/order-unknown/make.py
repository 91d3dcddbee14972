"""An order that is neither C nor F."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().array(bytes(8), order="A").finish()
