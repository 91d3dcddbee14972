"""Zip archives as Python's own writer makes them: bytes become members at known offsets.

A zip file describes its members twice, and readers differ in whom they believe: the local headers
or the central directory, the first or the last of two members of one name, the end record at the
end or one hidden in its comment. Here all descriptions must agree and together cover every byte:
the members from the first byte on without a gap, then the directory, then the end record without a
comment. Such a file has one reading only.

Trust: the bytes are hostile. Members lie within them and overlap nothing; sizes are as declared.
Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; the writer in CPython's ``zipfile``.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from safeload.errors import printable
from safeload.limits import Limits
from safeload.scan.bounds.budget import over
from safeload.scan.containers.zip_records import CENTRAL, END, END64, LOCAL, LOCATOR

__all__ = [
    "BZIP2",
    "DEFLATED",
    "LZMA",
    "STORED",
    "ArchiveError",
    "Member",
    "find_directory",
    "read_archive",
]

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
_METHODS = frozenset([STORED, DEFLATED, BZIP2, LZMA])
# The version needed to extract: a newer one zipfile refuses.
_NEWEST_VERSION = 63
# The name is UTF-8; the LZMA stream has an end marker. No other flag is written by zipfile.
_FLAG_UTF8, _FLAG_LZMA_END = 0x800, 0x002

# Printable ASCII but for blanks, colons and backslashes; and what no part of a path may be.
_PLAIN_NAME = re.compile(r"[!-9;-\[\]-~]+")
_NO_PARTS = frozenset(["", ".", ".."])

_ZIP64_EXTRA = 1
_IN_EXTRA = 0xFFFFFFFF


class ArchiveError(Exception):
    """The archive has no single reading, or costs too much to read.

    Args:
        rule: ``"SL302"`` (malformed) or ``"SL002"`` (over a limit).
        message: One printable sentence.
        offset: Where, bytes from the start of the archive, or None.
    """

    def __init__(self, rule: str, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive.

    Attributes:
        name: Relative path; printable ASCII unless other names were asked for.
        method: Compression: 0 stored, 8 deflated, 12 bzip2, 14 LZMA.
        offset: First (compressed) byte, from the start of the archive.
        packed: Length as it lies in the archive, bytes.
        size: Length decompressed, bytes.
        crc: CRC-32 of the decompressed bytes.
    """

    name: str
    method: int
    offset: int
    packed: int
    size: int
    crc: int


def read_archive(data: memoryview, limits: Limits, *, any_names: bool = False) -> dict[str, Member]:
    """List the members of an archive, in the order of their bytes.

    Args:
        data: The whole archive.
        limits: ``members`` bounds their number.
        any_names: Whether names may be any text in which readers do not replace or cut anything.

    Returns:
        Members by name.

    Raises:
        ArchiveError: The archive is malformed or has too many members.
    """
    count, start, stop = find_directory(data)
    if count > limits.members:
        raise ArchiveError("SL002", over(f"The archive has {count} members.", "members"), start)
    members: dict[str, Member] = {}
    end_of_last = 0
    position = start
    for _ in range(count):
        member, header, following, position = _read_entry(data, position, stop, any_names=any_names)
        if member.name in members:
            raise ArchiveError(
                "SL302", f"Two members have the name {printable(member.name)}.", header
            )
        if header != end_of_last:
            raise ArchiveError("SL302", "Bytes lie between members, or members overlap.", header)
        members[member.name] = member
        end_of_last = following
    if position != stop or end_of_last != start:
        raise ArchiveError("SL302", "Bytes lie outside of members and directory.", end_of_last)
    return members


def find_directory(data: memoryview) -> tuple[int, int, int]:
    """Find the directory, of which all readers of archives agree where it lies.

    Args:
        data: The whole archive.

    Returns:
        Number of members, and the half-open range of the directory.

    Raises:
        ArchiveError: The archive does not end with its directory and one end record.
    """
    end = len(data) - END.size
    if end < 0 or bytes(data[end : end + 4]) != b"PK\x05\x06":
        raise ArchiveError("SL302", "The archive does not end with its end record.", max(end, 0))
    _, disk, disk_of_start, here, count, size, start, comment = END.unpack_from(data, end)
    if comment:
        raise ArchiveError("SL302", "The end record announces a comment.", end)
    stop = end
    locator = end - LOCATOR.size
    # zipfile looks for this signature whatever the end record says.
    if locator >= 0 and bytes(data[locator : locator + 4]) == b"PK\x06\x07":
        stop = locator - END64.size
        _, end64_disk, end64, disks = LOCATOR.unpack_from(data, locator)
        if stop < 0 or end64 != stop or end64_disk or disks != 1:
            raise ArchiveError("SL302", "The zip64 locator points elsewhere.", locator)
        fields = END64.unpack_from(data, stop)
        signature, length, _, _, disk64, disk64_of_start, here64, count64, size64, start64 = fields
        short = (here, count, size, start)
        full = (here64, count64, size64, start64)
        caps = (0xFFFF, 0xFFFF, _IN_EXTRA, _IN_EXTRA)
        if (
            signature != b"PK\x06\x06"
            or length != END64.size - 12
            or any(s not in (min(f, cap), cap) for s, f, cap in zip(short, full, caps, strict=True))
        ):
            raise ArchiveError("SL302", "The two end records disagree.", stop)
        here, count, size, start = full
        disk, disk_of_start = max(disk, disk64), max(disk_of_start, disk64_of_start)
    if disk or disk_of_start or here != count:
        raise ArchiveError("SL302", "The archive claims to span several disks.", end)
    if start + size != stop:
        raise ArchiveError("SL302", "The directory is not where the end record says.", end)
    return count, start, stop


def _read_entry(
    data: memoryview, position: int, stop: int, *, any_names: bool
) -> tuple[Member, int, int, int]:
    """A member, its local header's offset, the end of its bytes and the end of its entry."""
    if stop - position < CENTRAL.size or bytes(data[position : position + 4]) != b"PK\x01\x02":
        raise ArchiveError("SL302", "The directory ends early or is damaged.", position)
    fields = CENTRAL.unpack_from(data, position)
    flags, method, crc, packed, size = fields[3], fields[4], *fields[7:10]
    name_size, extra_size, comment_size, disk = fields[10:14]
    header = fields[16]
    name_start = position + CENTRAL.size
    name_stop = name_start + name_size
    following = name_stop + extra_size
    if following > stop or comment_size or disk:
        raise ArchiveError("SL302", "A directory entry has a comment or no end.", position)
    size, packed, header = _widen(
        bytes(data[name_stop:following]), [size, packed, header], position, central=True
    )
    raw_name = bytes(data[name_start:name_stop])
    name = _checked_name(raw_name, position, flags if any_names else None)
    allowed = _FLAG_UTF8 | (_FLAG_LZMA_END if method == LZMA else 0)
    if flags & ~allowed or method not in _METHODS or fields[2] > _NEWEST_VERSION:
        raise ArchiveError(
            "SL302",
            f"The member {printable(name)} is encrypted or packed in an unknown way.",
            position,
        )
    if header + LOCAL.size > position or bytes(data[header : header + 4]) != b"PK\x03\x04":
        raise ArchiveError("SL302", f"The member {printable(name)} has no local header.", position)
    local = LOCAL.unpack_from(data, header)
    local_name_stop = header + LOCAL.size + local[9]
    start = local_name_stop + local[10]
    if start + packed > position:
        raise ArchiveError("SL302", f"The member {printable(name)} has no end.", header)
    local_size, local_packed = _widen(
        bytes(data[local_name_stop:start]), [local[8], local[7]], header, central=False
    )
    if (
        local[2:4] != (flags, method)
        or (local[6], local_packed, local_size) != (crc, packed, size)
        or data[header + LOCAL.size : local_name_stop] != raw_name
        or (method == STORED and packed != size)
    ):
        raise ArchiveError(
            "SL302", f"Header and directory disagree about {printable(name)}.", header
        )
    return Member(name, method, start, packed, size, crc), header, start + packed, following


def _widen(extra: bytes, values: list[int], where: int, *, central: bool) -> list[int]:
    """Replace the sizes and offsets that a zip64 extra field holds in full."""
    wide = [index for index, value in enumerate(values) if value == _IN_EXTRA]
    if not extra:
        if wide:
            raise ArchiveError("SL302", "A zip64 member lacks its sizes.", where)
        return values
    if len(extra) != 4 + 8 * len(wide) or struct.unpack_from("<2H", extra) != (
        _ZIP64_EXTRA,
        8 * len(wide),
    ):
        raise ArchiveError("SL302", "A member has extra fields that zipfile does not write.", where)
    for index, value in zip(wide, struct.unpack_from(f"<{len(wide)}Q", extra, 4), strict=True):
        values[index] = value
    if not wide or (not central and len(wide) != len(values)):
        raise ArchiveError("SL302", "A zip64 member has half its sizes elsewhere.", where)
    return values


def _checked_name(raw: bytes, where: int, flags: int | None) -> str:
    if flags is None:
        name = raw.decode("ascii", "replace")
        is_odd = _PLAIN_NAME.fullmatch(name) is None
    else:
        # Without the flag, readers differ in the encoding. One that cannot be decoded has a
        # character that no name has, in its place.
        name = raw.decode("utf-8" if flags & _FLAG_UTF8 else "ascii", "replace")
        is_odd = not {"\0", "\\", "\ufffd"}.isdisjoint(name)
    if not name or is_odd:
        raise ArchiveError("SL302", f"A member has the name {printable(name)}.", where)
    if not _NO_PARTS.isdisjoint(name.split("/")):
        raise ArchiveError("SL302", f"A member's path is {printable(name)}.", where)
    return name
