"""The bytes of a zip's file, as far as any reader gets with them.

Trust: packed bytes are hostile. Whatever comes out was paid for while it came.
Source: the readers in CPython's ``zipfile``; PKWARE APPNOTE 6.3.10, sections 4.4.5 and 5.8.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from safeload.scan.containers.archive import BZIP2, DEFLATED, LZMA, STORED
from safeload.scan.containers.compressed import Inflate
from safeload.scan.containers.unpack import LZMA_HEADER, Budget, lzma_filters

__all__ = ["inflated", "inflating", "is_known"]

_CHUNK = 1 << 16
# What whoever stops early takes at a time.
_PIECE = 1 << 12
_Failures = (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError)
_DECOMPRESSORS: dict[int, Callable[[memoryview], tuple[Any, int]]] = {
    DEFLATED: lambda _: (Inflate(-zlib.MAX_WBITS), 0),
    BZIP2: lambda _: (bz2.BZ2Decompressor(), 0),
    LZMA: lambda packed: (
        lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=lzma_filters(packed)),
        LZMA_HEADER,
    ),
}


def is_known(method: int) -> bool:
    """Whether a compression method is one that :func:`inflated` reads."""
    return method == STORED or method in _DECOMPRESSORS


def inflated(packed: memoryview, method: int, budget: Budget) -> tuple[bytes, bool]:
    """Unpack a file.

    Args:
        packed: Its bytes in the archive.
        method: How they are packed.
        budget: What decompression may still produce.

    Returns:
        What a reader gets before it fails or ends, and whether all of it was read to its end.

    Raises:
        ArchiveError: It is too much.
    """
    if method == STORED:
        # Files may lie upon each other.
        budget.take(len(packed))
        return bytes(packed), True
    pieces: list[bytes] = []
    try:
        decompressor, position = _DECOMPRESSORS[method](packed)
        while not decompressor.eof:
            chunk = b""
            if decompressor.needs_input:
                chunk = bytes(packed[position : position + _CHUNK])
                if not chunk:
                    return b"".join(pieces), _ends_without_mark(method)
                position += len(chunk)
            piece = decompressor.decompress(chunk, _CHUNK)
            budget.take(len(piece))
            pieces.append(piece)
    except _Failures:
        return b"".join(pieces), False
    return b"".join(pieces), position - len(decompressor.unused_data or b"") == len(packed)


def inflating(packed: memoryview, method: int) -> Iterator[bytes]:
    """Unpack a file piece by piece, as far as whoever takes the pieces wants it.

    Args:
        packed: Its bytes in the archive, and perhaps more behind them.
        method: How they are packed.

    Yields:
        What a reader gets before it fails or ends.
    """
    if method == STORED:
        for start in range(0, len(packed), _PIECE):
            yield bytes(packed[start : start + _PIECE])
        return
    try:
        decompressor, position = _DECOMPRESSORS[method](packed)
        while not decompressor.eof:
            chunk = b""
            if decompressor.needs_input:
                chunk = bytes(packed[position : position + _PIECE])
                if not chunk:
                    return
                position += len(chunk)
            yield decompressor.decompress(chunk, _PIECE)
    except _Failures:
        return


def _ends_without_mark(method: int) -> bool:
    """Whether a stream of this kind may end where its bytes do."""
    return method == LZMA
