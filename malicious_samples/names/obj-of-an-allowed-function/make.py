"""OBJ without arguments calls a function that may only be referred to."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(1).mark().global_("numpy", "zeros").obj().finish()
