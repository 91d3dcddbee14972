"""Bytes as a file, for readers that want one.

Trust: the bytes are hostile and stay where they are.
"""

from __future__ import annotations

import io

from safeload.scan.runs import Buffer

__all__ = ["Reader"]


class Reader:
    """A file that reads bytes without copying them first, and never more than there are.

    Args:
        data: The bytes.
        start: Which of them is the file's first.
    """

    def __init__(self, data: Buffer, start: int = 0) -> None:
        self._data = memoryview(data)[start:]
        self._place = 0

    def seekable(self) -> bool:
        """Whether it can be read from any place: always."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it.

        Raises:
            OSError: It lies before the beginning.
        """
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._place = start + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all that are left."""
        end = len(self._data) if size < 0 else self._place + size
        piece = bytes(self._data[self._place : end])
        self._place += len(piece)
        return piece
