"""Escape codes erase the line on a terminal."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("posix\x1b[2K\x1b[1G", "system")).finish()
