"""Compressed streams, as joblib reads them: the streams of one codec become their bytes.

The codec is told by the first bytes, as joblib tells it, never by the file's name. Decompression
streams under a cap on bytes and on the ratio, so that a bomb costs no more than the caps.

Tools that compress in parallel write bzip2, xz and zstd as several streams, one behind the other,
which loaders read as one. Whatever else follows a stream is refused, although a loader might skip
it.

Trust: the stream is hostile; what comes out is as hostile as before.
Source: joblib ``compressor.py``; RFC 1950, RFC 1952, RFC 8878, the bzip2, xz and LZ4 frame formats.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget, over
from safeload.scan.containers.zstd import (
    LIBRARY,
    ZstdError,
    begins_zstd,
    is_frame,
    zstd_decompressor,
)
from safeload.scan.program import Buffer
from safeload.verdict import Finding

__all__ = ["Inflate", "codec_of", "decompress", "lz4_decompressor"]

_CHUNK = 1 << 16
_PIECE = 1 << 20
# Bytes that are read first of a further stream, and steps that one costs.
_FEW, _STREAM = 1 << 10, 100
# An xz header may ask for 4 GiB of dictionary; the presets need 65 MiB.
_LZMA_MEMORY = 96 << 20
_OVER_MEMORY = "Memory usage limit exceeded"


class _Codec(NamedTuple):
    name: str
    # Whether bytes begin with a stream of it.
    begins: Callable[[Buffer], bool]
    # For the stream that begins at a position of the bytes.
    decompressor: Callable[[Buffer, int, Limits], Any]
    # Whether a further stream begins at a position.
    goes_on: Callable[[Buffer, int], bool] = lambda _data, _position: False


class Inflate:
    """``zlib.decompressobj`` with the interface of ``bz2.BZ2Decompressor``."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)
        self._left = b""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing comes out without more input."""
        return not self._left and not self.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the stream."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take input; what comes out, in so many bytes at most."""
        piece = self._inner.decompress(self._left + data, max_length)
        self._left = self._inner.unconsumed_tail
        return piece


def lz4_decompressor() -> Any:
    """One for LZ4 frames, if the library is installed."""
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


def _simple(
    name: str, prefix: bytes, decompressor: Callable[[], Any], *, repeats: bool = False
) -> _Codec:
    """A codec that is told by its first bytes, and whose streams are all alike."""

    def begins(data: Buffer, position: int = 0) -> bool:
        return data[position : position + len(prefix)] == prefix

    def new(_data: Buffer, _position: int, _limits: Limits) -> Any:
        return decompressor()

    return _Codec(name, begins, new, begins) if repeats else _Codec(name, begins, new)


_CODECS = (
    _simple("zlib", b"\x78", lambda: Inflate(zlib.MAX_WBITS)),
    _simple("gzip", b"\x1f\x8b", lambda: Inflate(16 + zlib.MAX_WBITS)),
    _simple("bz2", b"BZ", bz2.BZ2Decompressor, repeats=True),
    _simple(
        "xz",
        b"\xfd7zXZ",
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY),
        repeats=True,
    ),
    _simple("lzma", b"\x5d\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY)),
    _simple("lz4", b"\x04\x22\x4d\x18", lz4_decompressor),
    _Codec(
        "zstd",
        begins_zstd,
        lambda data, position, limits: zstd_decompressor(data, position, limits.dictionary),
        is_frame,
    ),
)
# What installs the libraries that are no part of the base installation.
_LIBRARIES = {"zstd": f": {LIBRARY}"}


def codec_of(head: bytes) -> str | None:
    """Name the codec that the first bytes announce.

    Args:
        head: The first bytes, at least five unless there are fewer.

    Returns:
        ``"zlib"``, ``"gzip"``, ``"bz2"``, ``"xz"``, ``"lzma"``, ``"lz4"``, ``"zstd"`` or None.
    """
    for codec in _CODECS:
        if codec.begins(head):
            return codec.name
    return None


def decompress(
    data: Buffer, name: str, limits: Limits, budget: WorkBudget | None = None
) -> tuple[bytearray, list[Finding]]:
    """Decompress a stream, and those of the same codec that follow.

    Args:
        data: The whole file.
        name: A codec, as :func:`codec_of` names it.
        limits: ``bytes_out``, ``ratio``, ``ratio_floor`` and ``dictionary`` apply.
        budget: Its clock applies; every further stream is paid for from it.

    Returns:
        What came out until the end or the first finding, and the findings.
    """
    codec = next(codec for codec in _CODECS if codec.name == name)
    out = bytearray()
    try:
        return out, _streams(codec, data, out, limits, budget or WorkBudget(limits, len(data)))
    except ImportError:
        how = _LIBRARIES.get(name, ".")
        return out, [_unread("SL003", f"The library for {name} is not installed{how}")]
    except MemoryError:
        return out, [_unread("SL002", "Decompressing needs more memory than there is.")]
    except OverLimitError as problem:
        return out, [_unread("SL002", str(problem))]
    except lzma.LZMAError as error:
        if str(error) == _OVER_MEMORY:
            return out, [_unread("SL002", "Its dictionary is larger than any preset makes it.")]
        return out, [_damaged(name, out)]
    except (zlib.error, OSError, EOFError, ValueError, RuntimeError, ZstdError):
        return out, [_damaged(name, out)]


def _damaged(name: str, out: bytearray) -> Finding:
    if not out:
        return _unread("SL001", f"It begins like {name} but is not.")
    return _refused("SL301", f"The {name} stream is damaged.")


def _streams(
    codec: _Codec, data: Buffer, out: bytearray, limits: Limits, budget: WorkBudget
) -> list[Finding]:
    position, size = 0, _CHUNK
    decompressor = codec.decompressor(data, position, limits)
    while True:
        if decompressor.eof:
            position -= len(decompressor.unused_data or b"")
            if not codec.goes_on(data, position):
                break
            # To begin anew takes as long as to decompress a few hundred bytes.
            budget.spend(_STREAM, "Its compressed streams are too many for their size.")
            # Of a short stream little is read that belongs to the next.
            decompressor, size = codec.decompressor(data, position, limits), _FEW
        budget.check_time()
        chunk = b""
        if decompressor.needs_input:
            chunk = bytes(data[position : position + size])
            position, size = position + len(chunk), min(2 * size, _CHUNK)
            if not chunk:
                if not out:
                    return [_unread("SL001", "It begins like a compressed stream but is not.")]
                return [_refused("SL301", "The compressed stream has no end.")]
        out += decompressor.decompress(chunk, _PIECE)
        if len(out) > limits.bytes_out:
            return [_unread("SL002", over("It decompresses to too many bytes.", "bytes_out"))]
        if len(out) > limits.ratio_floor and len(out) > limits.ratio * position:
            why = "It decompresses to too many bytes for its size."
            return [_unread("SL002", over(why, "ratio"))]
    if position < len(data):
        return [_refused("SL301", "Bytes follow the end of the compressed stream.")]
    return []


def _unread(rule: str, message: str) -> Finding:
    return Finding(rule, message)


def _refused(rule: str, message: str) -> Finding:
    return Finding(rule, message)
