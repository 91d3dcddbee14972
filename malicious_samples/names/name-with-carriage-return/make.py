"""GLOBAL lines that end in CR LF."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).global_("posix\r", "system\r").finish()
