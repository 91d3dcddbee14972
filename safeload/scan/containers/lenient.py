"""What could any decompressor make of these bytes?

``decompress`` beside this module takes one stream as joblib writes it. Readers take more: several
streams one after the other, bytes behind them, checksums that are wrong, headers that joblib does
not know. Here everything comes out that any of them would hand on before it fails.

Trust: the bytes are hostile. Pieces are small, so that whoever takes them can stop at any time.
Source: CPython ``gzip.py``, ``bz2.py``, ``lzma.py`` (``FORMAT_AUTO``); joblib ``compressor.py`` and
``numpy_pickle_compat.py`` (``read_zfile``); RFC 1950, RFC 1952.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.compressed import Inflate, lz4_decompressor
from safeload.scan.containers.zstd import ZstdError, begins_zstd, is_frame, zstd_decompressor
from safeload.scan.runs import Buffer

__all__ = ["Pieces", "UndecidedError", "is_zfile", "unpackings"]

_CHUNK = 1 << 14
# A reader that fails in the middle of a piece hands on none of it, so pieces are at most as large
# as any reader's; the first ones matter most.
_FIRST, _PIECE = 1 << 8, 1 << 12
_EARLY = 1 << 16
_LZMA_MEMORY, _ZSTD_MEMORY = 96 << 20, 256 << 20
_OVER_MEMORY = "Memory usage limit exceeded"
_XZ = b"\xfd7zXZ\0"
_LZ4 = b"\x04\x22\x4d\x18"
# Whether an LZMA header has a name, a comment and so on, in the order in which they come.
_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_ZFILE_HEADER = 21

_Failures = (
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    lzma.LZMAError,
    struct.error,
    ZstdError,
)
# A decompressor, and where its input begins.
_Begin = Callable[[Buffer, int], tuple[Any, int] | None]


class UndecidedError(Exception):
    """What comes out cannot be found out here; the text says why."""


def unpackings(data: Buffer) -> Iterator[Pieces]:
    """Everything that a decompressor could make of some bytes.

    Args:
        data: The bytes, or the first of them.

    Yields:
        For each decompressor that takes them for its own, what comes out, in pieces. Taking a piece
        raises :class:`UndecidedError` where safeload has not got what others may have.
    """
    head = bytes(data[:32])
    if _zlib(data, 0) is not None:
        yield Pieces(data, 0, _zlib, trailer=4)
    if head.startswith(b"\x1f\x8b"):
        yield Pieces(data, 0, _gzip, trailer=8)
    if head.startswith(b"BZh"):
        yield Pieces(data, 0, partial(_magic, b"BZh", bz2.BZ2Decompressor))
    if head.startswith(_XZ) or _is_lzma(head):
        yield Pieces(data, 0, _lzma)
    if head.startswith(_LZ4):
        yield Pieces(data, 0, partial(_magic, _LZ4, lz4_decompressor))
    if begins_zstd(data):
        yield Pieces(data, 0, _zstd)
    if is_zfile(head):
        start = _ZFILE_HEADER + (data[_ZFILE_HEADER : _ZFILE_HEADER + 1] == b" ")
        yield Pieces(data, start, _zlib, trailer=4)


def is_zfile(head: bytes) -> bool:
    """Whether bytes begin as joblib compressed them before 0.10: with the length of what comes out.

    Args:
        head: The first bytes, at least 21 unless there are fewer.
    """
    if not head.startswith(b"ZF"):
        return False
    try:
        int(head[2:_ZFILE_HEADER], 16)
    except ValueError:
        return head.startswith(b"ZF0x")
    return True


class Pieces:
    """What comes out of one compressed stream after the other.

    Attributes:
        cut_off: Whether it came to an end because the bytes did.
    """

    def __init__(self, data: Buffer, position: int, begin: _Begin, *, trailer: int = 0) -> None:
        self._data = data
        self._position = position
        self._begin = begin
        self._trailer = trailer
        self.cut_off = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._streams()
            self.cut_off = self._position >= len(self._data)
        except _Failures as error:
            if isinstance(error, lzma.LZMAError) and str(error) == _OVER_MEMORY:
                raise UndecidedError("Its dictionary is larger than any preset makes it.") from None
        except OverLimitError as error:
            raise UndecidedError(str(error)) from None
        except ImportError as error:
            raise UndecidedError(f"The library {error.name} is not installed.") from None

    def _streams(self) -> Iterator[bytes]:
        produced = 0
        while (found := self._begin(self._data, self._position)) is not None:
            decompressor, self._position = found
            while not decompressor.eof:
                chunk = b""
                if decompressor.needs_input:
                    chunk = bytes(self._data[self._position : self._position + _CHUNK])
                    if not chunk:
                        return
                    self._position += len(chunk)
                piece = decompressor.decompress(chunk, _FIRST if produced < _EARLY else _PIECE)
                produced += len(piece)
                yield piece
            self._position += self._trailer - len(decompressor.unused_data or b"")


def _magic(
    magic: bytes, new: Callable[[], Any], data: Buffer, position: int
) -> tuple[Any, int] | None:
    return (new(), position) if data[position : position + len(magic)] == magic else None


def _zlib(data: Buffer, position: int) -> tuple[Any, int] | None:
    # Any window, where joblib looks for one; what follows the header is read without its checksum.
    head = bytes(data[position : position + 2])
    if len(head) < 2 or head[0] & 0x8F != 8 or head[1] & 0x20 or int.from_bytes(head) % 31:
        return None
    return Inflate(-zlib.MAX_WBITS), position + 2


def _gzip(data: Buffer, position: int) -> tuple[Any, int] | None:
    while position and data[position : position + 1] == b"\0":
        # Zeros may fill the space between two streams.
        position += 1
    head = bytes(data[position : position + 10])
    if not head.startswith(b"\x1f\x8b\x08") or len(head) < 10:
        return None
    flags, position = head[3], position + 10
    if flags & _EXTRA:
        position += 2 + int.from_bytes(data[position : position + 2], "little")
    for text in (_NAME, _COMMENT):
        if flags & text:
            end = data.find(b"\0", position)
            if end < 0:
                return None
            position = end + 1
    return Inflate(-zlib.MAX_WBITS), position + (2 if flags & _CRC else 0)


def _lzma(data: Buffer, position: int) -> tuple[Any, int] | None:
    if position >= len(data):
        return None
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, _LZMA_MEMORY), position


def _is_lzma(head: bytes) -> bool:
    """Whether a header of the older form is one that its decoder takes."""
    if len(head) < 13 or head[0] >= 9 * 5 * 5:
        return False
    dictionary, size = struct.unpack_from("<IQ", head, 1)
    power = 1 << max(dictionary.bit_length() - 1, 0)
    usual = dictionary in (power, power + (power >> 1), 0xFFFFFFFF)
    return usual and (size == 2**64 - 1 or size < 1 << 38)


def _zstd(data: Buffer, position: int) -> tuple[Any, int] | None:
    if not is_frame(data, position):
        return None
    return zstd_decompressor(data, position, _ZSTD_MEMORY), position
