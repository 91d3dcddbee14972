"""REDUCE finds nothing to call."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().reduce().finish()
