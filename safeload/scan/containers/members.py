"""What is in an archive, as tolerant readers list it.

``archive`` beside this module takes a zip as skops writes it. Whoever opens an archive elsewhere
does so with ``zipfile`` or ``tarfile``; so these say here what is in it, and py7zr.

Trust: the bytes are hostile; nothing is written anywhere.
Source: CPython ``zipfile.py`` and ``tarfile.py``.
"""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, cast

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.archive import ArchiveError
from safeload.scan.containers.inflating import inflating, is_known
from safeload.scan.containers.lenient import UndecidedError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.reader import Reader
from safeload.scan.containers.sevenzips import archives_7z, is_7z, may_extract_itself, read_7z
from safeload.scan.containers.tars import behind_damage, following, has_content, is_tar, problem_of
from safeload.scan.containers.zips import AES, hidden
from safeload.scan.runs import Buffer

__all__ = ["is_archive", "members"]

_PIECE = 1 << 12
# Where a zip's end record may stand, and how many members are looked at.
_TAIL = 22 + 65_535
_MEMBERS = 200_000
_ENCRYPTED = 1
_BLOCK = 512
_Damaged = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError)
# What readers of archives raise for what is damaged beyond that.
_Failures = (*_Damaged, ValueError, RuntimeError, LookupError, OverflowError)


def is_archive(data: Buffer) -> bool:
    """Whether bytes begin like an archive or a program, or end like an archive."""
    return (
        data[:4] == b"PK\x03\x04"
        or _has_end(data)
        or is_tar(data)
        or is_7z(data)
        or may_extract_itself(bytes(data[:4]))
    )


def members(data: Buffer) -> Iterator[tuple[str, Iterator[bytes]]]:
    """List the files in an archive.

    Args:
        data: The archive, as a whole, or what may have one in it.

    Yields:
        Each file's name and bytes, in pieces.

    Raises:
        UndecidedError: It has more members than are looked at, or is damaged.
    """
    reader = cast("IO[bytes]", Reader(data))
    if data[:4] == b"PK\x03\x04" or _has_end(data):
        yield from _zip(reader, begins=data[:4] == b"PK\x03\x04")
    yield from _hidden(data)
    if is_tar(data):
        yield from _tar(data)
    elif (damaged := behind_damage(data)) is not None:
        yield from _tar(cast("Buffer", memoryview(data)[damaged:]))
    try:
        starts = [0] if is_7z(data) else [*archives_7z(data)]
    except OverLimitError as error:
        raise UndecidedError(str(error)) from None
    for start in starts:
        yield from _7z(data, start)


def _zip(file: IO[bytes], *, begins: bool) -> Iterator[tuple[str, Iterator[bytes]]]:
    try:
        archive = zipfile.ZipFile(file)
    except _Failures:
        if begins:
            raise UndecidedError("The archive is damaged.") from None
        return
    with archive:
        entries = archive.infolist()
        if len(entries) > _MEMBERS:
            raise UndecidedError("The archive has too many members.")
        for entry in entries:
            if entry.filename.endswith("/"):
                continue
            if entry.flag_bits & _ENCRYPTED:
                # No loader gets at it without the word.
                yield entry.filename, iter(())
                continue
            try:
                member = archive.open(entry)
            except (*_Failures, NotImplementedError):
                raise UndecidedError("A member of the archive cannot be opened.") from None
            with member:
                yield entry.filename, _pieces(member)


def _hidden(data: Buffer) -> Iterator[tuple[str, Iterator[bytes]]]:
    # Directories can lead past a file, or to it from without; its own header cannot be hidden.
    for count, (name, method, packed) in enumerate(hidden(data)):
        if count > _MEMBERS:
            raise UndecidedError("The archive has too many members.")
        if method == AES:
            # No loader gets at it without the word.
            continue
        if packed is None or not is_known(method):
            raise UndecidedError("A member of the archive cannot be opened.")
        yield name, inflating(packed, method)


def _tar(data: Buffer) -> Iterator[tuple[str, Iterator[bytes]]]:
    position: int | None = 0
    count = 0
    while position is not None:
        reader = cast("IO[bytes]", Reader(data, position))
        end = position + _BLOCK
        try:
            with tarfile.open(fileobj=reader, mode="r:") as archive:
                for entry in archive:
                    count += 1
                    if count > _MEMBERS:
                        raise UndecidedError("The archive has too many members.")
                    if problem_of(data, position, entry) is not None or entry.sparse is not None:
                        raise UndecidedError("Readers of the archive differ in what is in it.")
                    member = archive.extractfile(entry) if has_content(entry) else None
                    if member is not None:
                        yield entry.name, _pieces(member)
                end = max(end, position + archive.offset)
        except _Failures:
            pass
        position = following(data, end)


def _7z(data: Buffer, start: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    # Where nothing unpacks it, or not within the limits, nobody can say what is in it.
    try:
        for packed in read_7z(data, Nesting.of(Limits(), len(data)), start):
            if any(finding.is_unread for finding in packed.findings):
                raise UndecidedError("A member of the archive cannot be unpacked.")
            yield packed.path, iter([bytes(packed.data)])
    except (ArchiveError, OverLimitError) as error:
        raise UndecidedError(str(error)) from None


def _pieces(member: IO[bytes]) -> Iterator[bytes]:
    try:
        while piece := member.read(_PIECE):
            yield piece
    except _Failures:
        # What came out before is what a reader gets.
        return


def _has_end(data: Buffer) -> bool:
    return data.rfind(b"PK\x05\x06", max(0, len(data) - _TAIL)) >= 0
