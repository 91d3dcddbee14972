"""What a worker is at, in a file that outlives it: how many inputs it took, and the last of them.

The worker writes through a memory map, which costs next to nothing; whoever started it reads the
file when the worker has died, and has the input that killed it.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

__all__ = ["Slate"]

_HEAD = struct.Struct("<QQ")
_SIZE = 1 << 20


class Slate:
    """The file, mapped.

    Args:
        path: Where it is; made anew by whoever watches.
        fresh: Whether to make it.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        if fresh:
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)

    def note(self, executions: int, data: bytes) -> None:
        """Write down the input that is about to be checked, and how many there were with it."""
        size = min(len(data), _SIZE - _HEAD.size)
        _HEAD.pack_into(self._map, 0, executions, size)
        self._map[_HEAD.size : _HEAD.size + size] = data[:size]

    @property
    def executions(self) -> int:
        """How many inputs there were."""
        count: int = _HEAD.unpack_from(self._map)[0]
        return count

    @property
    def data(self) -> bytes:
        """The last input."""
        size = _HEAD.unpack_from(self._map)[1]
        return self._map[_HEAD.size : _HEAD.size + size]
