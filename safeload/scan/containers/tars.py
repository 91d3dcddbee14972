"""The files in a tar archive, as ``tarfile`` finds them.

``pandas.read_pickle`` opens tars, and people pack folders of models so. An archive ends where two
blocks of zeros are; readers that are told to ignore those go on, and so does this one.

Trust: the bytes are hostile. Sizes are believed as far as there are bytes; a sparse file's holes
are paid for like what is decompressed.
Source: CPython ``tarfile``; POSIX pax; GNU tar's manual (``--ignore-zeros``); PEP 706.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, cast

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.nesting import Members, Nesting, Packed
from safeload.scan.containers.paths import leads_outside
from safeload.scan.containers.reader import Reader
from safeload.scan.runs import Buffer
from safeload.verdict import Finding

__all__ = [
    "behind_damage",
    "end_of_files",
    "following",
    "has_content",
    "is_tar",
    "problem_of",
    "read_tar",
]

# What headers of all writers of today say of themselves, and where.
_USTAR, _USTAR_AT = b"ustar", 257
_BLOCK = 512
_PIECE = 1 << 20
# A size up to this fits into the header, and need not be said elsewhere.
_FITS = 8**11
_SIZE = slice(124, 136)
# What the module raises for what is damaged, and for what it did not foresee.
_Failures = (tarfile.TarError, OSError, EOFError, ValueError, LookupError, OverflowError)


def is_tar(data: Buffer | memoryview, start: int = 0) -> bool:
    """Whether a header of a tar archive stands in some bytes.

    Args:
        data: The bytes.
        start: Where.
    """
    block = bytes(data[start : start + _BLOCK])
    if len(block) < _BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def read_tar(data: Buffer, nesting: Nesting) -> Members:
    """Unpack the files of an archive.

    Args:
        data: The archive, without compression.
        nesting: Bounds; ``members`` and the budget apply.

    Yields:
        Each file, and at last, under the name ``""``, what is wrong with the archive.

    Raises:
        OverLimitError: It has too many files, or holes that are too large.
    """
    seen: set[str] = set()
    position: int | None = 0
    while position is not None:
        reader = Reader(data, position)
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r:") as archive:
                for entry in archive:
                    nesting.work.check_time()
                    yield from _file(
                        data, position, archive, entry, nesting, again=entry.name in seen
                    )
                    seen.add(entry.name)
                    if len(seen) > nesting.limits.members:
                        raise OverLimitError("The archive has too many files.", "members")
                end = position + archive.offset
        except _Failures:
            yield Packed("", b"", (Finding("SL302", "The archive is damaged.", offset=position),))
            return
        if _has_no_end(data, end):
            message = "The archive has no end: it was cut short, or is damaged there."
            yield Packed("", b"", (Finding("SL302", message, offset=end),))
            return
        position = following(data, end)


def has_content(entry: tarfile.TarInfo) -> bool:
    """Whether readers unpack an entry as a file: what they do not know is one for them, too."""
    return entry.isreg() or entry.type not in tarfile.SUPPORTED_TYPES


def problem_of(data: Buffer, start: int, entry: tarfile.TarInfo) -> str | None:
    """Why readers disagree about where the bytes of an entry end.

    Args:
        data: The bytes.
        start: Where in them the entry's archive begins.
        entry: What ``tarfile`` makes of it.
    """
    if not has_content(entry):
        return "It is not a file and has a length: readers differ in it." if entry.size else None
    said = entry.pax_headers.get("size")
    if said is None or entry.sparse is not None or entry.size >= _FITS:
        return None
    header = start + entry.offset_data - _BLOCK
    try:
        written = tarfile.nti(bytes(data[header : header + _BLOCK])[_SIZE])  # type: ignore[attr-defined]
    except tarfile.TarError:
        written = None
    return None if written == entry.size else "It has two lengths, and readers differ in which."


def _file(
    data: Buffer,
    start: int,
    archive: tarfile.TarFile,
    entry: tarfile.TarInfo,
    nesting: Nesting,
    *,
    again: bool,
) -> Members:
    problems = []
    differing = problem_of(data, start, entry)
    if differing is not None:
        problems.append(Finding("SL302", differing))
    if again:
        problems.append(Finding("SL902", "Another file of the archive has this name, too."))
    if leads_outside(entry.name):
        problems.append(Finding("SL302", "Its name leads out of the folder it is unpacked in."))
    if entry.issym() or entry.islnk():
        # A hard link counts from the folder of the archive.
        beside = entry.name if entry.issym() else ""
        if leads_outside(entry.linkname, beside=beside):
            message = "It is a link that leads out of the folder it is unpacked in."
            problems.append(Finding("SL302", message))
    content = b""
    if has_content(entry):
        file = archive.extractfile(entry)
        content = b"" if file is None else b"".join(_pieces(file, nesting))
        if len(content) < entry.size:
            problems.append(Finding("SL302", "The archive ends before it does."))
    elif not problems:
        return
    yield Packed(entry.name, content, tuple(problems))
    if entry.sparse is not None:
        runs = cast("list[tuple[int, int]]", entry.sparse)
        # Who knows nothing of holes has the bytes without them.
        first = start + entry.offset_data
        stored = bytes(data[first : first + sum(size for _, size in runs)])
        nesting.unpacked.take(len(stored))
        if stored != content:
            yield Packed(entry.name, stored, tuple(problems))


def _pieces(file: IO[bytes], nesting: Nesting) -> Iterator[bytes]:
    try:
        while piece := file.read(_PIECE):
            nesting.unpacked.take(len(piece))
            nesting.work.check_time()
            yield piece
    except tarfile.ReadError:
        # What came out before is what a reader gets.
        return


def _has_no_end(data: Buffer, end: int) -> bool:
    """Whether something other than zeros is where the archive should end."""
    return any(data[end : end + _BLOCK]) or end > len(data)


def end_of_files(data: Buffer) -> int:
    """Where the last file ends in archives one behind the other.

    Args:
        data: The first of them, and what follows.
    """
    position: int | None = 0
    end = 0
    while position is not None:
        reader = cast("IO[bytes]", Reader(data, position))
        try:
            with tarfile.open(fileobj=reader, mode="r:") as archive:
                for _ in archive:
                    end = position + archive.offset
        except _Failures:
            return end
        position = following(data, max(end, position + _BLOCK))
    return end


def behind_damage(data: Buffer) -> int | None:
    """Where the first header stands that is whole, for readers that skip what is in front of it.

    Args:
        data: What is not a tar by its first block.
    """
    found = data.find(_USTAR)
    while found >= 0:
        start = found - _USTAR_AT
        if start > 0 and start % _BLOCK == 0 and is_tar(data, start):
            return start
        found = data.find(_USTAR, found + 1)
    return None


def following(data: Buffer | memoryview, end: int) -> int | None:
    """Where another archive begins behind the end of one, whatever stands between them.

    Args:
        data: The bytes.
        end: Where the one ends.
    """
    position = end
    while position < len(data):
        if is_tar(data, position):
            return position
        position += _BLOCK
        while position < len(data) and not any(data[position : position + _PIECE]):
            position += _PIECE
    return None
