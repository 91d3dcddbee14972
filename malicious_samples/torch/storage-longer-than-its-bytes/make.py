"""A storage says that it has more numbers than there are bytes."""

from __future__ import annotations

from tests.checkpoints import checkpoint, storage, tensor


def build(canary: str) -> bytes:
    del canary
    return checkpoint(tensor(storage(count=4_096), (4_096,)))
