"""PROTO and nothing else."""

from __future__ import annotations

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return bytes(Pickle())
