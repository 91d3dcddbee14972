"""__main__ under the name that multiprocessing gives it."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().object_(Name("__mp_main__", "Model"), state={"a": 1}).finish()
