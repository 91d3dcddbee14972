"""Compressed streams: there is a finding, or what comes out is what the codec itself says."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import lz4.frame

from safeload.limits import Limits
from safeload.scan.containers.compressed import codec_of, decompress
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation, foreseen
from tests.scan import zstd

__all__ = ["TARGET"]

# Small enough that a bomb is one at the size of an input.
_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 16)

_Codec = Callable[[bytes], Any]


def _lzma(data: bytes) -> bytes:
    return lzma.decompress(data, lzma.FORMAT_ALONE)


_CODECS: dict[str, tuple[_Codec, _Codec]] = {
    "zlib": (zlib.compress, zlib.decompress),
    "gzip": (gzip.compress, gzip.decompress),
    "bz2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress),
    "lzma": (lambda data: lzma.compress(data, lzma.FORMAT_ALONE), _lzma),
    "lz4": (lz4.frame.compress, lz4.frame.decompress),
    "zstd": (zstd.compress, zstd.decompress),
}


def _examples() -> list[bytes]:
    contents = [b"", b"x", bytes(range(256)) * 4, b"\x80\x04N.", bytes(200_000)]
    examples = [pack(content) for pack, _ in _CODECS.values() for content in contents]
    settings = [{"block_linked": False}, {"content_checksum": True}, {"store_size": False}]
    examples += [lz4.frame.compress(contents[2], **setting) for setting in settings]
    examples += [zlib.compress(contents[2], level) for level in (0, 9)]
    return examples


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    # Two streams one after the other, or a stream within a stream, are worth a try of their own.
    if rng.random() < 0.05:
        return data + rng.choice(others)
    if rng.random() < 0.05:
        pack, _ = _CODECS[rng.choice(list(_CODECS))]
        packed: bytes = pack(bent(data, others, rng))
        return packed
    return bent(data, others, rng)


def _check(data: bytes) -> None:
    codec = codec_of(data[:16])
    if codec is None:
        return
    out, findings = decompress(data, codec, _LIMITS)
    foreseen(findings, len(data))
    if len(out) > _LIMITS.bytes_out + (1 << 20):
        raise Violation(f"{len(out)} bytes came out in spite of the limit")
    if findings:
        return
    _, unpack = _CODECS[codec]
    try:
        expected = unpack(data)
    except Exception as error:
        raise Violation(f"{codec} itself refuses what was accepted") from error
    if bytes(expected) != bytes(out):
        raise Violation(f"{codec} itself makes other bytes of it")


TARGET = Target(
    name="compressed",
    about="what comes out is what the codec's own library says",
    examples=_examples,
    check=_check,
    vary=_vary,
)
