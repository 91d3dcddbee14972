"""What stands in a stream for numbers that lie elsewhere in its file?

Checkpoints of torch keep the numbers of tensors outside of the pickle, which names them by
persistent identifiers. Pickles of any other kind have none.

Trust: everything here mirrors a hostile file.
Source: PyTorch ``torch/serialization.py`` (``persistent_load``); PEP 307.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.scan.program import Token

__all__ = ["Persistent", "Storage"]

# What a persistent identifier stands for, by its token and the offset of its opcode; it raises a
# MalformedError for one that stands for nothing.
Persistent = Callable[[Token, int], Token]


class Storage:
    """Numbers outside of the stream that tensors are views of, named by a persistent identifier.

    Attributes:
        key: The name that the stream gives it.
        dtype: Type of its elements, as torch calls it, such as ``"float32"``; ``"bytes"`` for one
            that is counted in bytes.
        itemsize: Bytes of one element.
        count: Elements in it.
        read: Gives its bytes to who asks for them; None where it has none.
        byteorder: ``"<"`` or ``">"``.
    """

    __slots__ = ("byteorder", "count", "dtype", "itemsize", "key", "read")

    def __init__(self, key: str, dtype: str, itemsize: int, count: int) -> None:
        self.key = key
        self.dtype = dtype
        self.itemsize = itemsize
        self.count = count
        self.read: Callable[[], bytes | memoryview] | None = None
        self.byteorder = "<"

    @property
    def size(self) -> int:
        """Its length, bytes."""
        return self.count * self.itemsize
