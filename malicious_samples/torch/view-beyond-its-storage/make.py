"""A tensor begins behind the end of its storage."""

from __future__ import annotations

from tests.checkpoints import checkpoint, tensor


def build(canary: str) -> bytes:
    del canary
    return checkpoint(tensor(offset=1 << 40))
