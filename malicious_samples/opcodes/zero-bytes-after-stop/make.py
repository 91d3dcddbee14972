"""Zeros follow STOP."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save({"a": 1}).finish() + bytes(64)
