"""STACK_GLOBAL with names in bytes."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(b"posix", b"system").stack_global().finish()
