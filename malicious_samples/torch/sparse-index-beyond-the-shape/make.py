"""A sparse tensor names a place beyond its shape."""

from __future__ import annotations

import struct

from tests.builder import Name
from tests.checkpoints import checkpoint, sized, sparse, storage, tensor


def build(canary: str) -> bytes:
    del canary
    places = storage("0", 1, cls=Name("torch", "LongStorage"))
    data = tensor(places, (1, 1), (1, 1)), tensor(storage("1", 1), (1,))
    numbers = {"0": struct.pack("<q", 1 << 40), "1": bytes(4)}
    return checkpoint(sparse("torch.sparse_coo", *data, sized(4)), storages=numbers)
