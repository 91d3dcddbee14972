"""Text that is no model."""

from __future__ import annotations


def build(canary: str) -> bytes:
    del canary
    return b"This is not a model.\n"
