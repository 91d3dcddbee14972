"""The records of a zip archive: end records, directories, and the headers before files.

Each is read as it stands; nothing here says which of them a reader believes.

Trust: the bytes are hostile; what is read may lead anywhere.
Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; the readers in CPython ``zipfile`` and miniz.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from safeload.scan.runs import Buffer

__all__ = [
    "CENTRAL",
    "CENTRAL_MARK",
    "DESCRIPTOR_MARK",
    "END",
    "END64",
    "END_MARK",
    "IN_EXTRA",
    "LOCAL",
    "LOCAL_MARK",
    "LOCATOR",
    "Entry",
    "directories",
    "entry_at",
    "header_at",
]

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCAL_MARK, CENTRAL_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIPTOR_MARK = b"PK\x07\x08"
# Where readers look for an end record: a comment has 65,535 bytes at most.
_TAIL = END.size + 65_535
_UTF8 = 0x800
# A size that is in an extra field, in full.
IN_EXTRA = 0xFFFFFFFF
_ZIP64 = 1


class Entry(NamedTuple):
    r"""What a directory or a header says of a file.

    Attributes:
        name: As it is written; bytes that are not a text as ``\udc80`` to ``\udcff``.
        flags: General purpose flags.
        method: Compression.
        crc: CRC-32 of the file.
        packed: Its length in the archive, bytes.
        size: Its length, bytes.
        header: Where its header begins.
        mode: Unix mode, or 0.
    """

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    mode: int = 0


def directories(
    data: Buffer, first: int = 0, behind: int | None = None
) -> Iterator[tuple[int, int, int]]:
    """Where directories begin, where offsets in them count from, and where each ends at most.

    Args:
        data: Bytes.
        first: Where in them the archive begins.
        behind: Where it ends; None for the end of the bytes.

    Yields:
        For each directory and way to count its offsets, these three.
    """
    behind = len(data) if behind is None else behind
    found: dict[tuple[int, int], int] = {}
    lowest = max(first, behind - _TAIL)
    end = data.rfind(END_MARK, lowest, behind)
    while end >= 0:
        if end + END.size <= behind:
            for stop, count, size, offset in _ends(data, end, first):
                # From the end record back, as zipfile; or where it says, as most others.
                for start, base in ((stop - size, stop - size - offset), (first + offset, first)):
                    if first <= start <= stop and (
                        data[start : start + 4] == CENTRAL_MARK or (not count and start == stop)
                    ):
                        found.setdefault((start, base), stop)
        end = data.rfind(END_MARK, lowest, end)
    # An archive of nothing within a comment is none.
    every = [(start, base, stop) for (start, base), stop in found.items()]
    yield from [one for one in every if one[0] < one[2]] or every[:1]


def _ends(data: Buffer, end: int, first: int) -> Iterator[tuple[int, int, int, int]]:
    """Where the directory ends, and what zip64 end records and the end record say of it."""
    locator = end - LOCATOR.size
    if locator >= first and data[locator : locator + 4] == b"PK\x06\x07":
        _, _, place, _ = LOCATOR.unpack_from(data, locator)
        # Right before the locator, as zipfile looks for it, or where that says.
        for start in dict.fromkeys((locator - END64.size, first + place)):
            if first <= start <= locator - END64.size and data[start : start + 4] == b"PK\x06\x06":
                fields = END64.unpack_from(data, start)
                yield start, fields[7], fields[8], fields[9]
    _, _, _, _, count, size, offset, _ = END.unpack_from(data, end)
    yield end, count, size, offset


def entry_at(data: Buffer, position: int, base: int) -> tuple[Entry | None, int]:
    """An entry of a directory, and where the next one begins.

    Args:
        data: The archive.
        position: Where the entry begins.
        base: Where offsets count from.

    Returns:
        None in place of an entry that has no end.
    """
    if position + CENTRAL.size > len(data):
        return None, position
    fields = CENTRAL.unpack_from(data, position)
    _, _, _, flags, method, _, _, crc, packed, size, name, extra, comment, _, _, outer, header = (
        fields
    )
    start = position + CENTRAL.size
    following = start + name + extra + comment
    if following > len(data):
        return None, position
    wide = _widened(bytes(data[start + name : start + name + extra]), [size, packed, header])
    raw = bytes(data[start : start + name])
    size, packed, header = wide
    entry = Entry(_text(raw, flags), flags, method, crc, packed, size, header + base, outer >> 16)
    return entry, following


def header_at(data: Buffer, header: int) -> tuple[Entry, int] | None:
    """What a header says, and where its file begins.

    Args:
        data: The archive.
        header: Where the header begins.

    Returns:
        None if there is no header.
    """
    if header < 0 or header + LOCAL.size > len(data) or data[header : header + 4] != LOCAL_MARK:
        return None
    _, _, flags, method, _, _, crc, packed, size, name, extra = LOCAL.unpack_from(data, header)
    start = header + LOCAL.size
    raw = bytes(data[start : start + name])
    size, packed = _widened(bytes(data[start + name : start + name + extra]), [size, packed])
    entry = Entry(_text(raw, flags), flags, method, crc, packed, size, header)
    return entry, start + name + extra


def _widened(extra: bytes, values: list[int]) -> list[int]:
    """The sizes and offsets that a zip64 field holds in full, in the place of what is too large."""
    position = 0
    fields = []
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == _ZIP64:
            fields.append(extra[position + 4 : position + 4 + length])
        position += 4 + length
    if len(fields) != 1:
        # Of two, some readers take the first and others the last; what is too large is damaged.
        return values
    numbers = iter(struct.unpack(f"<{len(fields[0]) // 8}Q", fields[0][: len(fields[0]) // 8 * 8]))
    return [next(numbers, value) if value == IN_EXTRA else value for value in values]


def _text(raw: bytes, flags: int) -> str:
    return raw.decode("utf-8" if flags & _UTF8 else "cp437", "surrogateescape")
