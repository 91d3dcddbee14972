"""GLOBAL with bytes that are no text."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle(2).global_(b"posix\xff", b"system").finish()
