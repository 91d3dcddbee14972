"""zstd frames: which they are, what memory one asks for, and what decompresses them.

Trust: the bytes are hostile. A frame's window is bounded before anything is decompressed.
Source: RFC 8878, section 3.1; CPython ``compression.zstd`` and its backport.
"""

from __future__ import annotations

import sys
from typing import Any

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.runs import Buffer

__all__ = ["LIBRARY", "ZstdError", "begins_zstd", "is_frame", "zstd_decompressor"]

LIBRARY = "pip install 'safeload[archives]'"
_MAGIC = b"\x28\xb5\x2f\xfd"
# Frames that hold nothing for a decompressor: the first byte has sixteen values.
_SKIPPABLE = b"\x2a\x4d\x18"
_FRAMES = 64
# Powers of two that the library takes as a bound on memory.
_LEAST, _MOST = 10, 31


def begins_zstd(data: Buffer) -> bool:
    """Whether bytes begin with a frame, if need be behind frames that hold nothing.

    Args:
        data: The first bytes.
    """
    position = 0
    for _ in range(_FRAMES):
        if not _is_skippable(data, position):
            break
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "little")
    return data[position : position + len(_MAGIC)] == _MAGIC


def is_frame(data: Buffer, position: int) -> bool:
    """Whether a frame of either sort begins at a position."""
    return data[position : position + len(_MAGIC)] == _MAGIC or _is_skippable(data, position)


def _is_skippable(data: Buffer, position: int) -> bool:
    head = bytes(data[position : position + 4])
    return head[1:] == _SKIPPABLE and head[0] & 0xF0 == 0x50


class ZstdError(Exception):
    """A frame is damaged."""


class _Frame:
    """A decompressor of the library's that fails with an error of this module's."""

    def __init__(self, inner: Any, error: type[Exception]) -> None:
        self._inner = inner
        self._error = error

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return bytes(self._inner.decompress(data, max_length))
        except self._error as error:
            raise ZstdError(str(error)) from None


def zstd_decompressor(data: Buffer, position: int, most: int) -> Any:
    """A decompressor for the frame that begins at a position.

    Args:
        data: Bytes.
        position: Where.
        most: Memory that it may ask for, bytes.

    Returns:
        One with the interface of ``bz2.BZ2Decompressor``, which raises :class:`ZstdError`.

    Raises:
        ImportError: The library is not installed.
        OverLimitError: It asks for more.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    if _window(bytes(data[position : position + 18])) > most:
        raise OverLimitError("Decompressing it takes too much memory.", "dictionary")
    power = min(max(most.bit_length(), _LEAST), _MOST)
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: power}
    return _Frame(zstd.ZstdDecompressor(options=options), zstd.ZstdError)


def _window(head: bytes) -> int:
    """Memory that a frame asks for, bytes; 0 for what is not a frame."""
    if len(head) < 6 or head[:4] != _MAGIC:
        return 0
    descriptor = head[4]
    if not descriptor & 0x20:
        exponent, mantissa = head[5] >> 3, head[5] & 7
        return (8 + mantissa) << (exponent + 7)
    # A frame in one piece has a window as large as itself.
    start = 5 + (0, 1, 2, 4)[descriptor & 3]
    length = (1, 2, 4, 8)[descriptor >> 6]
    size = int.from_bytes(head[start : start + length], "little")
    return size + 256 if length == 2 else size
