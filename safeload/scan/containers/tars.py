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

__all__ = ["is_tar", "read_tar"]

_BLOCK = 512
_PIECE = 1 << 20
# What the module raises for what is damaged, and for what it did not foresee.
_Failures = (tarfile.TarError, OSError, EOFError, ValueError, LookupError, OverflowError)


def is_tar(data: Buffer, start: int = 0) -> bool:
    """Whether a header of a tar archive stands in some bytes.

    Args:
        data: The bytes.
        start: Where.
    """
    block = bytes(data[start : start + _BLOCK])
    if len(block) < _BLOCK or not block[0]:
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
                    yield from _file(archive, entry, nesting, again=entry.name in seen)
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
        position = _next(data, end)


def _file(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, nesting: Nesting, *, again: bool
) -> Members:
    problems = []
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
    if entry.isreg():
        file = archive.extractfile(entry)
        content = b"" if file is None else b"".join(_pieces(file, nesting))
        if len(content) < entry.size:
            problems.append(Finding("SL302", "The archive ends before it does."))
    elif not problems:
        return
    yield Packed(entry.name, content, tuple(problems))


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


def _next(data: Buffer, end: int) -> int | None:
    """Where another archive begins behind the end of one."""
    position = end
    while position < len(data):
        if any(data[position : position + _BLOCK]):
            return position if is_tar(data, position) else None
        position += _BLOCK
    return None
