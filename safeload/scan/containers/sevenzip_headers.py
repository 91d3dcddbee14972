"""The header of a 7z archive: which packed streams there are, and which files come out of each.

py7zr reads the fields. What they ask for is bounded here before anything is decompressed or listed,
which its own classes for whole archives do not do.

Trust: the bytes are hostile; every count and size is compared with a limit before it is used.
Source: 7-Zip's ``DOC/7zFormat.txt`` and ``DOC/Methods.txt``; py7zr ``archiveinfo.py``.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from safeload.scan.bounds.budget import OverLimitError, over
from safeload.scan.containers.archive import ArchiveError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.reader import Reader
from safeload.scan.runs import Buffer
from safeload.verdict import Finding

if TYPE_CHECKING:
    from py7zr.compressor import SevenZipDecompressor

__all__ = ["MAGIC", "Listed", "Solid", "read_header", "unpacked"]

MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = 32
# Packed bytes that are given to a decompressor at once, for some make of them all they can, a
# thousand times as many; and bytes that are asked for at once.
_BLOCK, _PIECE = 1 << 14, 1 << 20
# Bytes of a header for each file that may be listed: a long name takes most of them.
_ENTRY = 160
_LZMA, _LZMA2, _PPMD = b"\x03\x01\x01", b"\x21", b"\x03\x04\x01"
_AES = b"\x06\xf1\x07\x01"
# Those that py7zr decompresses piece by piece: copy, delta, bzip2, deflate, and filters of machine
# code for x86, ARM, Thumb, PowerPC, SPARC and Itanium.
_PLAIN = frozenset(
    bytes.fromhex(method)
    for method in (
        "00", "03", "040202", "040108",
        "03030103", "03030501", "03030701", "03030205", "03030805", "03030401",
    )
)  # fmt: skip


class Listed(NamedTuple):
    """A file as the header describes it.

    Attributes:
        name: As it is written, with slashes.
        size: Its length, bytes.
        crc: CRC-32 of it, or None if none is given.
        is_link: Whether its content is the path that it points to.
    """

    name: str
    size: int
    crc: int | None
    is_link: bool


@dataclass(slots=True)
class Solid:
    """A packed stream, and the files that come out of it one after the other.

    Attributes:
        start: Its first byte in the archive.
        packed: Its length, bytes.
        coders: How it is packed, as py7zr describes it.
        sizes: What comes out of each coder, bytes.
        files: At least one.
        obstacle: Why it cannot be unpacked, or None.
    """

    start: int
    packed: int
    coders: list[dict[str, Any]]
    sizes: list[int]
    files: list[Listed] = field(default_factory=list)
    obstacle: Finding | None = None


def read_header(data: Buffer, nesting: Nesting) -> tuple[list[Solid], list[str]]:
    """Read the header of an archive.

    Args:
        data: The archive.
        nesting: Bounds; ``members``, ``dictionary`` and the budget apply.

    Returns:
        The packed streams with their files, and the names of files that are empty.

    Raises:
        ImportError: py7zr is not installed.
        ArchiveError: The header is encrypted, or is packed in a way that nothing here reads.
        OverLimitError: It lists too many files, or takes too much memory.
        Exception: It is damaged; py7zr raises anything then.
    """
    from py7zr.archiveinfo import FilesInfo, SignatureHeader, StreamsInfo, read_uint64
    from py7zr.properties import PROPERTY

    start = SignatureHeader.retrieve(cast("BinaryIO", Reader(data)))
    place = _START + start.nextheaderofs
    header = bytes(data[place : place + start.nextheadersize])
    if len(header) < start.nextheadersize or zlib.crc32(header) != start.nextheadercrc:
        raise ValueError("no header where the archive says")
    if header[:1] == PROPERTY.ENCODED_HEADER:
        header = _decoded(data, header, nesting)
    if not header:
        return [], []
    if header[:1] != PROPERTY.HEADER:
        raise ValueError("no header")
    buffer = io.BytesIO(header)
    mark = buffer.seek(1) and buffer.read(1)
    streams = None
    if mark == PROPERTY.MAIN_STREAMS_INFO:
        streams = StreamsInfo.retrieve(buffer)
        mark = buffer.read(1)
    files: list[dict[str, Any]] = []
    if mark == PROPERTY.FILES_INFO:
        place = buffer.tell()
        if read_uint64(buffer) > nesting.limits.members:
            raise OverLimitError("The archive has too many files.", "members")
        buffer.seek(place)
        listed = FilesInfo.retrieve(buffer)
        files = listed.files
        _mark_folders(files, listed.emptyfiles)
        mark = buffer.read(1)
    if mark != PROPERTY.END:
        raise ValueError("the header goes on")
    return _joined(_solids(streams, nesting), files)


def unpacked(data: Buffer, solid: Solid, nesting: Nesting) -> Iterator[bytes]:
    """Unpack the files of a packed stream.

    Args:
        data: The archive.
        solid: The stream, without an obstacle.
        nesting: What is unpacked is paid for while it comes.

    Yields:
        The bytes of each file, fewer than it should have if the stream is damaged.

    Raises:
        ArchiveError: It is too much.
        OverLimitError: It takes too long.
    """
    from py7zr.compressor import SevenZipDecompressor

    reader = Reader(data[solid.start : solid.start + solid.packed])
    decompressor = None
    for file in solid.files:
        pieces: list[bytes] = []
        try:
            decompressor = decompressor or SevenZipDecompressor(
                solid.coders, solid.packed, solid.sizes, None, blocksize=_BLOCK
            )
            pieces.extend(_pieces(decompressor, reader, file.size, nesting))
        except (ArchiveError, OverLimitError, MemoryError):
            raise
        except Exception:  # noqa: BLE001, S110
            # Damaged, in whatever way; what came out before is what a reader gets.
            pass
        yield b"".join(pieces)


def _pieces(
    decompressor: SevenZipDecompressor, reader: Reader, size: int, nesting: Nesting
) -> Iterator[bytes]:
    while size:
        nesting.work.check_time()
        place = reader.tell()
        piece = bytes(decompressor.decompress(reader, min(size, _PIECE)))
        if not piece and reader.tell() == place:
            return
        nesting.unpacked.take(len(piece))
        size -= len(piece)
        yield piece


def _decoded(data: Buffer, header: bytes, nesting: Nesting) -> bytes:
    """A header that is packed itself."""
    from py7zr.archiveinfo import HeaderStreamsInfo

    streams = HeaderStreamsInfo.retrieve(io.BytesIO(header[1:]))
    (solid,) = _solids(streams, nesting)
    if solid.obstacle is not None:
        raise ArchiveError(solid.obstacle.rule, solid.obstacle.message)
    (file,) = solid.files
    if file.size > _ENTRY * nesting.limits.members:
        raise OverLimitError("The archive has too many files.", "members")
    (content,) = unpacked(data, solid, nesting)
    if len(content) != file.size or file.crc not in (None, zlib.crc32(content)):
        raise ValueError("the header does not unpack")
    return content


def _solids(streams: Any, nesting: Nesting) -> list[Solid]:
    """The packed streams that a header describes, with their files not yet named."""
    if streams is None or streams.unpackinfo is None:
        return []
    folders, packs = streams.unpackinfo.folders, streams.packinfo
    counts, sizes, checks = _files_of(streams.substreamsinfo, folders)
    solids = []
    stream, start = 0, _START + packs.packpos
    position = 0
    for folder, count in zip(folders, counts, strict=True):
        taken = packs.packsizes[stream : stream + len(folder.packed_indices)]
        stream += len(taken)
        solid = Solid(start, sum(taken), folder.coders, folder.unpacksizes)
        solid.obstacle = _obstacle(folder, nesting)
        solid.files = [
            Listed("", sizes[number], checks[number], is_link=False)
            for number in range(position, position + count)
        ]
        if count < 1 or any(file.size < 0 for file in solid.files):
            raise ValueError("a packed stream without files, or files larger than it")
        position += count
        start += solid.packed
        solids.append(solid)
    return solids


def _files_of(listed: Any, folders: list[Any]) -> tuple[list[int], list[int], list[int | None]]:
    """How many files are in each packed stream; the length and checksum of each."""
    whole = [folder.get_unpack_size() for folder in folders]
    own = [folder.crc if folder.digestdefined else None for folder in folders]
    if listed is None:
        return [1] * len(folders), whole, own
    counts: list[int] = listed.num_unpackstreams_folders
    sizes = whole if listed.unpacksizes is None else listed.unpacksizes
    checks = [
        crc if given else None
        for crc, given in zip(listed.digests, listed.digestsdefined, strict=True)
    ]
    if all(count == 1 for count in counts):
        checks = [crc if mine is None else mine for crc, mine in zip(checks, own, strict=True)]
    if not len(sizes) == len(checks) == sum(counts):
        raise ValueError("there must be as many lengths as files")
    return counts, sizes, checks


def _obstacle(folder: Any, nesting: Nesting) -> Finding | None:
    """Why a packed stream cannot be unpacked, or None."""
    coders = folder.coders
    if any(coder["method"] == _AES for coder in coders):
        return Finding("SL011", "It is encrypted.")
    chained = [(bond.incoder, bond.outcoder) for bond in folder.bindpairs] == [
        (number + 1, number) for number in range(len(coders) - 1)
    ]
    if not chained or any(c["numinstreams"] != 1 or c["numoutstreams"] != 1 for c in coders):
        # py7zr takes each coder to hand on to the next, whatever the archive says.
        return Finding("SL003", "safeload does not read streams that are packed in branches.")
    memory = 0
    for coder in coders:
        needed = _memory(coder["method"], coder["properties"] or b"")
        if needed is None:
            method = coder["method"].hex()
            return Finding("SL003", f"safeload does not read compression method {method} of 7z.")
        memory += needed
    if memory > nesting.limits.dictionary:
        return Finding("SL002", over("Unpacking it takes too much memory.", "dictionary"))
    return None


def _memory(method: bytes, properties: bytes) -> int | None:
    """Memory that a coder takes by its properties, bytes; None for one that nothing here reads."""
    if method in (_LZMA, _PPMD):
        return int(struct.unpack_from("<I", properties, 1)[0])
    if method == _LZMA2:
        (bits,) = properties
        return (2 | bits & 1) << (bits // 2 + 11)
    return 0 if method in _PLAIN else None


def _mark_folders(files: list[dict[str, Any]], are_files: list[bool]) -> None:
    """Say of each empty file whether it is a folder."""
    kinds = iter(are_files)
    for file in files:
        file["folder"] = file["emptystream"] and not next(kinds, False)


def _joined(solids: list[Solid], files: list[dict[str, Any]]) -> tuple[list[Solid], list[str]]:
    """Give the files of packed streams their names; the others are empty."""
    full = [file for file in files if not file["emptystream"]]
    if len(full) != sum(len(solid.files) for solid in solids):
        raise ValueError("there must be as many names as files")
    named = iter(full)
    for solid in solids:
        solid.files = [_named(file, next(named)) for file in solid.files]
    empty = [file for file in files if file["emptystream"] and not file["folder"]]
    return solids, [str(file.get("filename", "")) for file in empty]


def _named(file: Listed, described: dict[str, Any]) -> Listed:
    attributes = described.get("attributes") or 0
    # Unix modes are in the upper half, if a flag says so; Windows calls a link a reparse point.
    mode = attributes >> 16 if attributes & 0x8000 else 0
    is_link = mode & 0o170000 == 0o120000 or bool(attributes & 0x400)
    return file._replace(name=str(described.get("filename", "contents")), is_link=is_link)
