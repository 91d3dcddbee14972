"""STACK_GLOBAL with operands that are no strings."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(1, 2).stack_global().finish()
