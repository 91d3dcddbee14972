"""The files in a zip archive, as any of its readers finds them.

A zip describes its files twice, and readers differ in whom they believe. ``zipfile``, torch's
reader and most others go by the directory at the end, found by the last end record or by one before
it, from where that record says or from the record back; who reads a stream goes by the headers
before the files. Here every directory is read, then every header that none of them leads to; where
a header says something else than the directory, the file is read as both say. Flags and checksums
that some readers honour and others ignore keep nothing from being read: they are findings.

``archive`` beside this module reads what must have one reading only.

Trust: the bytes are hostile. Files may overlap, but what comes out of all is bounded by the budget.
Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; CPython ``zipfile``; miniz, as torch has it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.archive import STORED
from safeload.scan.containers.inflating import inflated, is_known
from safeload.scan.containers.nesting import Members, Nesting, Packed
from safeload.scan.containers.paths import leads_outside
from safeload.scan.containers.zip_records import (
    CENTRAL_MARK,
    DESCRIPTOR_MARK,
    END,
    END_MARK,
    IN_EXTRA,
    LOCAL_MARK,
    Entry,
    directories,
    entry_at,
    header_at,
)
from safeload.scan.runs import Buffer
from safeload.verdict import Finding

__all__ = [
    "AES",
    "archive_within",
    "behind",
    "front",
    "has_files_around",
    "hidden",
    "is_zip",
    "read_zip",
    "zip_entries",
]

# Methods that the specification has numbers for.
_ASSIGNED = frozenset([*range(21), *range(92, 100)])
_ENCRYPTED, _STREAMED, _STRONG = 0x1, 0x8, 0x40
AES = 99
_SYMLINK = 0o120000


def is_zip(data: Buffer, within: int = 0) -> bool:
    """Whether any reader takes bytes for a zip archive.

    Args:
        data: The whole file.
        within: So many bytes are files that are read by themselves: what begins there, and counts
            from there, is theirs.
    """
    return data[:4] == LOCAL_MARK or any(
        start >= within or base <= 0 for start, base, _ in directories(data)
    )


def archive_within(data: Buffer) -> Buffer:
    """An archive without what stands in front of it, and then without what is behind it.

    Args:
        data: The whole file.

    Returns:
        From where the last directory counts its offsets to the end of its end record; all of it if
        that is the first byte, or where there is no directory.
    """
    first, behind = _extent(data)
    return bytes(data[first:behind]) if first else data


def front(data: Buffer) -> int:
    """How many bytes stand in front of :func:`archive_within`.

    Args:
        data: The whole file.
    """
    return _extent(data)[0]


def behind(data: Buffer) -> int:
    """The byte behind the first end record, or the first of all if there is none.

    Args:
        data: The whole file.
    """
    found = data.find(END_MARK)
    return found + END.size if found >= 0 else 0


def has_files_around(data: Buffer) -> bool:
    """Whether there is a file's header in front of :func:`archive_within`, or behind it.

    Args:
        data: The whole file.
    """
    first, behind = _extent(data)
    return data.find(LOCAL_MARK, 0, first) >= 0 or data.find(LOCAL_MARK, behind) >= 0


def _extent(data: Buffer) -> tuple[int, int]:
    """Where an archive begins and ends; all of the bytes if it begins with the first."""
    found = next(directories(data), None)
    if found is None or found[1] <= 0:
        return 0, len(data)
    end = data.find(END_MARK, found[2])
    return found[1], end + END.size + int.from_bytes(data[end + 20 : end + 22], "little")


def hidden(data: Buffer) -> Iterator[tuple[str, int, memoryview | None]]:
    """What readers of streams would find in some bytes, whatever those are.

    Args:
        data: The bytes.

    Yields:
        For each header of a file, its name, how it is packed, and the bytes behind it, up to the
        end that it says; None for the bytes if there are fewer.
    """
    position = data.find(LOCAL_MARK)
    while position >= 0:
        local = header_at(data, position)
        if local is not None and local[0].method in _ASSIGNED:
            entry, start = local
            streamed = entry.flags & _STREAMED and not entry.packed
            end = max(start, len(data)) if streamed else start + entry.packed
            packed = memoryview(data)[start:end] if end <= len(data) else None
            yield entry.name, entry.method, packed
        position = data.find(LOCAL_MARK, position + 1)


def read_zip(data: Buffer, nesting: Nesting) -> Members:
    """Unpack the files of an archive.

    Args:
        data: The archive.
        nesting: Bounds; ``members`` and the budget apply.

    Yields:
        First, under the name ``""``, what is wrong with the archive as a whole; then each file,
        once for each reading of it that differs.

    Raises:
        OverLimitError: It has too many files, or decompresses to too much.
    """
    entries, problems = zip_entries(data, nesting)
    # In the order of their bytes, so that what is looked for behind each is found on the way.
    entries.sort(key=lambda entry: entry.header)
    covered = sorted({_extent_of(data, entry) for entry in entries})
    if any(after[0] < before[1] for before, after in pairwise(covered)):
        # First of all: reading them all may take more than there is.
        problems.append(Finding("SL302", "Files of the archive overlap."))
    if problems:
        yield Packed("", b"", tuple(problems))
    seen: set[str] = set()
    ends = _Ends(data)
    for entry in entries:
        nesting.work.check_time()
        yield from _files(data, entry, nesting, ends, again=entry.name in seen)
        seen.add(entry.name)
    ends = _Ends(data)
    for entry in _headers(data, entries, covered, nesting, ends):
        message = (
            "No directory lists it, but a program that reads the archive as a stream finds it."
        )
        for packed in _files(data, entry, nesting, ends, again=False):
            yield packed._replace(findings=(*packed.findings, Finding("SL302", message)))


def _extent_of(data: Buffer, entry: Entry) -> tuple[int, int]:
    """The first byte of a file's header, and the one behind the file."""
    local = header_at(data, entry.header)
    start = entry.header if local is None else local[1]
    return entry.header, min(start + entry.packed, len(data))


class _Ends:
    """Finds what stands behind files, for one file after the other in the order of their bytes.

    Args:
        data: The archive.
    """

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._next = dict.fromkeys((LOCAL_MARK, CENTRAL_MARK, DESCRIPTOR_MARK), -1)

    def behind(self, start: int) -> int:
        """Where the first record behind a place begins; the end of the archive if there is none.

        Args:
            start: The place, not before that of the last time.
        """
        for mark, found in self._next.items():
            if found < start:
                place = self._data.find(mark, start)
                self._next[mark] = len(self._data) if place < 0 else place
        return min(self._next.values())


def zip_entries(data: Buffer, nesting: Nesting) -> tuple[list[Entry], list[Finding]]:
    """What the directories of an archive list.

    Args:
        data: The archive.
        nesting: Bounds; ``members`` applies.

    Returns:
        Every entry of every directory once, and what is wrong with the directories.

    Raises:
        OverLimitError: There are too many.
    """
    entries: dict[Entry, None] = {}
    problems: list[Finding] = []
    listed = 0
    alone: dict[tuple[int, int], set[int]] = {}
    for start, base, stop in directories(data):
        if _is_within(data, start, entries, alone):
            # It is that of an archive within this one, which is read when its turn comes.
            continue
        listed += 1
        position = start
        while position + 4 <= stop and data[position : position + 4] == CENTRAL_MARK:
            nesting.work.check_time()
            entry, position = entry_at(data, position, base)
            if entry is None:
                problems.append(Finding("SL302", "The directory is damaged.", offset=position))
                break
            entries[entry] = None
            if len(entries) > nesting.limits.members:
                raise OverLimitError("The archive has too many files.", "members")
    if listed > 1:
        message = "It has several directories, and readers differ in which one they go by."
        problems.append(Finding("SL302", message))
    elif not listed:
        problems.append(Finding("SL302", "The archive has no directory: it was cut short."))
    return list(entries), problems


def _is_within(
    data: Buffer, position: int, entries: Iterable[Entry], alone: dict[tuple[int, int], set[int]]
) -> bool:
    """Whether a directory lies in a file of an archive, and is that file's own.

    Args:
        data: The archive.
        position: Where the directory begins.
        entries: The files.
        alone: Where the directories of files begin, for those that were looked at.
    """
    for entry in entries:
        if entry.header >= position:
            continue
        local = header_at(data, entry.header)
        if local is None or not local[1] <= position < local[1] + entry.packed:
            continue
        place = local[1], min(local[1] + entry.packed, len(data))
        if place not in alone:
            alone[place] = {start for start, _, _ in directories(data, *place)}
        return position in alone[place]
    return False


def _files(data: Buffer, entry: Entry, nesting: Nesting, ends: _Ends, *, again: bool) -> Members:
    """A file as its entry says, and as its header says if that differs."""
    problems = []
    if again:
        problems.append(Finding("SL902", "Another file of the archive has this name, too."))
    local = header_at(data, entry.header)
    if local is None:
        problems.append(Finding("SL302", "It has no header where the directory says."))
        yield Packed(entry.name, b"", tuple(problems))
        return
    header, start = local
    if leads_outside(entry.name) or leads_outside(header.name):
        problems.append(Finding("SL302", "Its name leads out of the folder it is unpacked in."))
    readings = [entry]
    if _differ(entry, header):
        problems.append(Finding("SL302", "Its header and the directory disagree."))
        readings.append(entry._replace(method=header.method, packed=header.packed))
    elif header.name != entry.name:
        problems.append(Finding("SL302", "Its header and the directory disagree about its name."))
    # To look through a file takes steps; files that lie upon each other could ask for many.
    looked_at = min(entry.packed, max(len(data) - start, 0))
    nesting.work.spend(looked_at, "Files of the archive overlap.")
    if header.flags & _STREAMED and not header.packed and not _is_followed(data, entry, start):
        problems.append(
            Finding("SL302", "A program that reads the archive as a stream finds a different end.")
        )
        readings.append(_ended(header, start, ends))
    if entry.name.endswith("/") and not any(reading.packed for reading in readings):
        if problems:
            yield Packed(entry.name, b"", tuple(problems))
        return
    for reading in dict.fromkeys(readings):
        content, found = _content(data, reading, start, nesting)
        if entry.mode & 0o170000 == _SYMLINK and leads_outside(
            content[:4096].decode("utf-8", "replace"), beside=entry.name
        ):
            found.append(Finding("SL302", "It is a link that leads out of the archive's folder."))
        yield Packed(entry.name, content, (*problems, *found))


def _is_followed(data: Buffer, entry: Entry, start: int) -> bool:
    """Whether the end of a file that was written as a stream is where the directory has it."""
    end = start + entry.packed
    behind = bytes(data[end : end + 12])
    if behind[:2] != b"PK" and behind != struct.pack(
        "<3L", entry.crc, entry.packed & IN_EXTRA, entry.size & IN_EXTRA
    ):
        return False
    if entry.method != STORED:
        return True
    # Nothing but what stands behind it says where it ends: the first that says the right length.
    place = data.find(DESCRIPTOR_MARK, start, end)
    while place >= 0:
        if int.from_bytes(data[place + 8 : place + 12], "little") == (place - start) & IN_EXTRA:
            return False
        place = data.find(DESCRIPTOR_MARK, place + 1, end)
    return True


def _differ(entry: Entry, header: Entry) -> bool:
    """Whether two readers would take a file for something else."""
    if header.method != entry.method or (header.flags ^ entry.flags) & _ENCRYPTED:
        return True
    said = (header.packed, header.size, header.crc)
    if header.flags & _STREAMED and not header.crc:
        # What the writer did not know yet stands behind the file.
        return any(
            value not in (0, IN_EXTRA) and value != right
            for value, right in zip(said, (entry.packed, entry.size, entry.crc), strict=True)
        )
    return said != (entry.packed, entry.size, entry.crc)


def _content(
    data: Buffer, entry: Entry, start: int, nesting: Nesting
) -> tuple[bytes, list[Finding]]:
    packed = memoryview(data)[start : start + entry.packed]
    encrypted = entry.flags & (_ENCRYPTED | _STRONG) or entry.method == AES
    if not is_known(entry.method):
        if encrypted:
            return b"", [Finding("SL011", "It is encrypted.")]
        return b"", [Finding("SL003", f"safeload does not read compression method {entry.method}.")]
    content, whole = inflated(packed, entry.method, nesting.unpacked)
    fits = whole and len(content) == entry.size and zlib.crc32(content) == entry.crc
    if encrypted and not fits:
        return b"", [Finding("SL011", "It is encrypted.")]
    findings = []
    if encrypted:
        message = "It is said to be encrypted and is not: some readers take it, others do not."
        findings.append(Finding("SL302", message))
    if len(packed) < entry.packed:
        findings.append(Finding("SL302", "The archive ends before it does."))
    elif not fits:
        message = "It is damaged: it has another length or checksum than the archive says."
        findings.append(Finding("SL302", message))
    return content, findings


def _headers(
    data: Buffer,
    entries: list[Entry],
    regions: list[tuple[int, int]],
    nesting: Nesting,
    ends: _Ends,
) -> Iterator[Entry]:
    """Entries made from the headers that lie in no listed file."""
    known = {entry.header for entry in entries}
    region = 0
    position = data.find(LOCAL_MARK)
    count = 0
    while position >= 0:
        nesting.work.check_time()
        while region < len(regions) and regions[region][1] <= position:
            region += 1
        inside = region < len(regions) and regions[region][0] < position
        if not inside and position not in known:
            local = header_at(data, position)
            if local is not None and _is_sound(local[0], local[1], len(data)):
                count += 1
                if count > nesting.limits.members:
                    raise OverLimitError("The archive has too many files.", "members")
                yield _ended(*local, ends)
        position = data.find(LOCAL_MARK, position + 1)


def _is_sound(entry: Entry, start: int, size: int) -> bool:
    """Whether a header outside of all files is one, and not four bytes that look like it."""
    # Who reads a stream has no use for a name, and believes a length as far as there are bytes.
    return entry.method in _ASSIGNED and start <= size


def _ended(entry: Entry, start: int, ends: _Ends) -> Entry:
    """An entry with the length that a reader of streams finds out."""
    if not entry.flags & _STREAMED or entry.packed:
        return entry
    length = ends.behind(start) - start
    return entry._replace(packed=length, size=length if entry.method == STORED else entry.size)
