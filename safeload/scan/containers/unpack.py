"""The bytes of zip members: decompressed within a budget, or written anew without compression.

Trust: packed bytes are hostile. What comes out is as long as its header says, has the CRC that its
header says, and was paid for before it was produced.
Source: the readers in CPython's ``zipfile``; PKWARE APPNOTE 6.3.10, section 5.8 (LZMA).
"""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable

from safeload.errors import printable
from safeload.limits import Limits
from safeload.scan.bounds.budget import over
from safeload.scan.containers.archive import BZIP2, DEFLATED, STORED, ArchiveError, Member

__all__ = ["LZMA_HEADER", "Budget", "extract", "lzma_filters", "store"]

# Version and length of the properties, and the properties themselves.
LZMA_HEADER = 9
# No preset of xz makes a larger one than 64 MiB; the decoder allocates it.
_LZMA_DICTIONARY = 64 * 1024 * 1024


class Budget:
    """What decompression may still produce, over one file and all archives within it.

    Args:
        limits: ``bytes_out``, ``ratio`` and ``ratio_floor`` bound the sum.
        source: Size of the file, bytes.
    """

    def __init__(self, limits: Limits, source: int) -> None:
        dense = max(limits.ratio_floor, limits.ratio * source)
        self._ceiling = min(limits.bytes_out, dense)
        self._limit = "bytes_out" if limits.bytes_out <= dense else "ratio"
        self._taken = 0

    def take(self, count: int) -> None:
        """Account for ``count`` bytes before they are produced.

        Raises:
            ArchiveError: That would be too many.
        """
        self._taken += count
        if self._taken > self._ceiling:
            raise ArchiveError("SL002", over("The archive decompresses to too much.", self._limit))


def extract(data: memoryview, member: Member, budget: Budget) -> bytes | memoryview:
    """The bytes of a member, compared with its CRC: a view if it is stored, else decompressed.

    Args:
        data: The archive.
        member: One of its members.
        budget: What decompression may still produce.

    Raises:
        ArchiveError: It does not decompress to what its header says, or to too much.
    """
    packed = data[member.offset : member.offset + member.packed]
    content: bytes | memoryview
    try:
        if member.method == STORED:
            content = packed
        else:
            budget.take(member.size)
            content = _decompress(packed, member)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise ArchiveError(
            "SL302", f"The member {printable(member.name)} does not decompress.", member.offset
        ) from error
    if len(content) != member.size or zlib.crc32(content) != member.crc:
        raise ArchiveError(
            "SL302",
            f"The member {printable(member.name)} has another size or CRC than it says.",
            member.offset,
        )
    return content


def _decompress(packed: memoryview, member: Member) -> bytes:
    # One byte more than declared is asked for: a longer stream then shows by its length.
    most = member.size + 1
    if member.method == DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflate.decompress(packed, most)
        if not inflate.eof or inflate.unused_data:
            raise ValueError("the stream does not end where the member does")
        return content
    if member.method == BZIP2:
        stream = bz2.BZ2Decompressor()
        content = stream.decompress(packed, most)
        if not stream.eof or stream.unused_data:
            raise ValueError("the stream does not end where the member does")
        return content
    return _decompress_lzma(packed, most)


def _decompress_lzma(packed: memoryview, most: int) -> bytes:
    stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=lzma_filters(packed))
    return stream.decompress(packed[LZMA_HEADER:], most)


def lzma_filters(packed: memoryview) -> list[dict[str, int]]:
    """What a zip's LZMA stream says it takes to read it.

    Args:
        packed: The member's bytes.

    Raises:
        ValueError: It says nothing of the kind, or wants more memory than any preset.
    """
    if len(packed) < LZMA_HEADER or bytes(packed[2:4]) != b"\x05\x00":
        raise ValueError("no LZMA properties")
    rest, lc = divmod(packed[4], 9)
    pb, lp = divmod(rest, 5)
    dictionary = int.from_bytes(packed[5:9], "little")
    if dictionary > _LZMA_DICTIONARY:
        raise ValueError("the dictionary is larger than any preset makes it")
    return [{"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}]


def store(members: Iterable[tuple[str, bytes | memoryview]]) -> bytes:
    """Write an archive whose members are all stored.

    Args:
        members: Name and bytes of each.

    Returns:
        The archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            large = len(content) >= 2**31
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=large) as file:
                file.write(content)
    return buffer.getvalue()
