"""The records of a torch checkpoint: a zip archive as torch reads it.

torch reads archives with a library of its own, miniz, and not as Python does:

- The folder of the first entry of the directory is the checkpoint's; entries elsewhere are none of
  its records. Names are looked up in a sorted directory with letters of both cases alike; which of
  two equal ones is found, the sort decides.
- Name, method and sizes are the directory's. Of a local header only the signature and the lengths
  of its name and its extra fields are read.
- Offsets count from the first byte of the file, so that an archive with something in front of it is
  another one to torch than to ``zipfile``, which shifts them.
- CRCs are not compared: the library is built without. ``torch.save`` can be told not to write any.
- What is marked as a folder, by its name or by an attribute, is read as memory that nobody wrote.
- Records are stored or deflated; one that is encrypted is an error.

So records are read here as torch does, and whatever lets another reader see other bytes under the
same name makes the archive malformed: names that are equal but for the case, records outside of
the folder, a local header that disagrees, bytes that belong to no record. What Python, zip and
torch itself write has none of that.

Trust: the bytes are hostile. Records lie within them and overlap nothing; sizes are as declared.
Source: PyTorch ``caffe2/serialize/inline_container.cc`` (``PyTorchStreamReader``),
``third_party/miniz-3.0.2/miniz.c`` (``mz_zip_reader_read_central_dir``,
``mz_zip_reader_locate_file_v2``, ``mz_zip_reader_extract_to_mem_no_alloc1``); PKWARE APPNOTE
6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeload.errors import printable
from safeload.scan.bounds.budget import over
from safeload.scan.containers.archive import DEFLATED, STORED, ArchiveError, find_directory
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.unpack import Budget
from safeload.scan.containers.zip_records import CENTRAL, LOCAL

__all__ = ["Record", "Records", "read_records"]

# Encrypted, a patch, encrypted strongly, and a directory that is masked.
_SECRET = 0x0001 | 0x0020 | 0x0040 | 0x2000
_SIZES_FOLLOW = 0x0008
_DOS_FOLDER = 0x10
_ZIP64_EXTRA = 1
_IN_EXTRA = 0xFFFFFFFF
# CRC and sizes of four or eight bytes, which follow a member with or without a signature.
_DESCRIPTORS = (0, 12, 16, 20, 24)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a checkpoint.

    Attributes:
        name: Its name in the checkpoint's folder, as written; printable.
        key: The name under which torch finds it, in lower case.
        method: Compression: 0 stored, 8 deflated.
        offset: First (compressed) byte, from the start of the archive.
        packed: Length as it lies in the archive, bytes.
        size: Length decompressed, bytes.
    """

    name: str
    key: str
    method: int
    offset: int
    packed: int
    size: int


class Records:
    """All records of a checkpoint, found as torch finds them.

    Args:
        data: The archive.
        by_name: Records by name, in lower case.
        budget: What decompression may still produce.
    """

    def __init__(self, data: memoryview, by_name: Mapping[str, Record], budget: Budget) -> None:
        self._data = data
        self._by_name = by_name
        self._budget = budget

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        return iter(self._by_name.items())

    def get(self, name: str) -> Record | None:
        """The record of a name, or None.

        Args:
            name: Its name below the folder; torch takes letters of both cases for the same.
        """
        return self._by_name.get(_folded(name))

    def read(self, record: Record) -> bytes | memoryview:
        """The bytes of a record: a view if it is stored, else decompressed.

        Raises:
            ArchiveError: It does not decompress to what the directory says, or to too much.
        """
        packed = self._data[record.offset : record.offset + record.packed]
        if record.method == STORED:
            return packed
        self._budget.take(record.size)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # One byte more than declared is asked for: a longer stream then shows by its length.
            content = inflate.decompress(packed, record.size + 1)
        except zlib.error:
            content = b""
        if not inflate.eof or inflate.unused_data or len(content) != record.size:
            message = f"The record {record.name} does not decompress to what it says."
            raise ArchiveError("SL302", message, record.offset)
        return content


def read_records(data: memoryview, nesting: Nesting) -> Records:
    """List the records of a checkpoint.

    Args:
        data: The whole file.
        nesting: What decompression may still produce; ``members`` bounds their number.

    Returns:
        The records.

    Raises:
        ArchiveError: The archive is malformed, readers disagree about it, or it has too many.
    """
    count, start, stop = find_directory(data)
    if count > nesting.limits.members:
        raise ArchiveError("SL002", over(f"The archive has {count} members.", "members"), start)
    entries = []
    position = start
    for _ in range(count):
        entry, position = _read_entry(data, position, stop)
        entries.append(entry)
    if position != stop:
        raise ArchiveError("SL302", "Bytes lie outside of members and directory.", position)
    _check_layout(data, entries, start)
    return Records(data, _records_of(entries), nesting.unpacked)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the directory, and what its local header says of where its bytes are."""

    name: str
    flags: int
    method: int
    header: int
    offset: int
    packed: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.packed


def _read_entry(data: memoryview, position: int, stop: int) -> tuple[_Entry, int]:
    """An entry, and where the next one begins."""
    if stop - position < CENTRAL.size or bytes(data[position : position + 4]) != b"PK\x01\x02":
        raise ArchiveError("SL302", "The directory ends early or is damaged.", position)
    fields = CENTRAL.unpack_from(data, position)
    flags, method = fields[3], fields[4]
    packed, size, name_size, extra_size, comment_size, disk = fields[8:14]
    attributes, header = fields[15], fields[16]
    name_stop = position + CENTRAL.size + name_size
    following = name_stop + extra_size + comment_size
    if following > stop or disk:
        raise ArchiveError("SL302", "A directory entry has no end.", position)
    raw_name = bytes(data[position + CENTRAL.size : name_stop])
    name = _decoded(raw_name, position)
    size, packed, header = _widened(
        bytes(data[name_stop : name_stop + extra_size]), (size, packed, header), position
    )
    shown = printable(name)
    if flags & _SECRET or method not in (STORED, DEFLATED):
        message = f"The record {shown} is encrypted or packed in a way that torch does not read."
        raise ArchiveError("SL302", message, position)
    if attributes & _DOS_FOLDER and not name.endswith("/"):
        message = f"The record {shown} is marked as a folder, for which torch reads no bytes."
        raise ArchiveError("SL302", message, position)
    if (method == STORED and packed != size) or (size and not packed):
        raise ArchiveError("SL302", f"The record {shown} has two sizes.", position)
    if header + LOCAL.size > position or bytes(data[header : header + 4]) != b"PK\x03\x04":
        raise ArchiveError("SL302", f"The record {shown} has no local header.", position)
    local = LOCAL.unpack_from(data, header)
    local_name = header + LOCAL.size
    offset = local_name + local[9] + local[10]
    if offset + packed > position:
        raise ArchiveError("SL302", f"The record {shown} has no end.", header)
    # Lengths that follow the bytes are zero here; those too long stand in an extra field.
    follow = (0, _IN_EXTRA) if local[2] & _SIZES_FOLLOW else (_IN_EXTRA,)
    if (
        data[local_name : local_name + local[9]] != raw_name
        or local[3] != method
        or local[2] & _SECRET
        or local[7] not in (packed, *follow)
        or local[8] not in (size, *follow)
    ):
        raise ArchiveError("SL302", f"Header and directory disagree about {shown}.", header)
    entry = _Entry(name, local[2], method, header, offset, packed, size)
    return entry, following


def _widened(extra: bytes, values: tuple[int, int, int], where: int) -> tuple[int, ...]:
    """Size, packed size and offset, each from the zip64 extra field where that holds it in full."""
    if _IN_EXTRA not in values:
        return values
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == _ZIP64_EXTRA:
            wide = [value == _IN_EXTRA for value in values]
            if length < 8 * sum(wide) or position + length > len(extra):
                break
            full = iter(struct.unpack_from(f"<{sum(wide)}Q", extra, position))
            return tuple([next(full) if value == _IN_EXTRA else value for value in values])
        position += length
    raise ArchiveError("SL302", "A zip64 member lacks its sizes.", where)


def _decoded(raw: bytes, where: int) -> str:
    name = raw.decode("utf-8", "surrogateescape")
    if not name or any(letter < " " or letter in "\\\x7f" for letter in name):
        # Other readers end a name at a zero, or take a backslash for a slash.
        raise ArchiveError("SL302", f"A member has the name {printable(name)}.", where)
    return name


def _check_layout(data: memoryview, entries: list[_Entry], stop: int) -> None:
    """Check that the members lie one behind the other, from the first byte to the directory."""
    ordered = sorted(entries, key=lambda entry: entry.header)
    starts = [entry.header for entry in ordered]
    if starts[:1] != [0]:
        raise ArchiveError("SL302", "The archive does not begin with its first member.", 0)
    for entry, following in zip(ordered, [*starts[1:], stop], strict=True):
        between = following - entry.end
        if between and not (
            entry.flags & _SIZES_FOLLOW and between in _DESCRIPTORS and _describes(data, entry)
        ):
            raise ArchiveError("SL302", "Bytes lie between members, or members overlap.", entry.end)


def _describes(data: memoryview, entry: _Entry) -> bool:
    """Whether what follows a member says how long it is."""
    behind = bytes(data[entry.end : entry.end + 24]).removeprefix(b"PK\x07\x08")
    sizes = entry.packed, entry.size
    return behind[4:12] == struct.pack("<2L", *(size & _IN_EXTRA for size in sizes)) or (
        behind[4:20] == struct.pack("<2Q", *sizes)
    )


def _records_of(entries: list[_Entry]) -> dict[str, Record]:
    """The records by name: what lies in the folder of the first entry, which has to be all."""
    folder, slash, _ = entries[0].name.partition("/") if entries else ("", "", "")
    if not slash:
        raise ArchiveError("SL302", "The records of the checkpoint are not in a folder.", 0)
    records: dict[str, Record] = {}
    names: set[str] = set()
    for entry in entries:
        shown = printable(entry.name)
        if not entry.name.startswith(folder + "/"):
            message = f"The member {shown} lies outside of the checkpoint's folder."
            raise ArchiveError("SL302", message, entry.header)
        if (folded := _folded(entry.name)) in names:
            message = f"Two members have the name {shown}."
            raise ArchiveError("SL302", message, entry.header)
        names.add(folded)
        if entry.name.endswith("/"):
            if entry.size:
                raise ArchiveError("SL302", f"The folder {shown} has bytes.", entry.header)
            continue
        name = entry.name[len(folder) + 1 :]
        key = _folded(name)
        records[key] = Record(
            printable(name), key, entry.method, entry.offset, entry.packed, entry.size
        )
    return records


def _folded(name: str) -> str:
    """A name as miniz compares it: the letters A to Z are those from a to z, and no others."""
    return name.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
