"""OBJ calls the global below its arguments."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    return Pickle(1).mark().global_("pty", "spawn").save(["touch", canary]).obj().finish()
