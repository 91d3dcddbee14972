"""The files in a 7z archive, as py7zr unpacks them.

Trust: the bytes are hostile. What comes out was paid for while it came, and the memory that a
stream asks for was bounded before it was unpacked.
Source: 7-Zip's ``DOC/7zFormat.txt``; py7zr.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import cast

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.archive import ArchiveError
from safeload.scan.containers.nesting import Members, Nesting, Packed
from safeload.scan.containers.paths import leads_outside
from safeload.scan.containers.sevenzip_headers import (
    MAGIC,
    Listed,
    Solid,
    read_header,
    unpacked,
)
from safeload.scan.runs import Buffer
from safeload.verdict import Finding

__all__ = ["archives_7z", "is_7z", "may_extract_itself", "read_7z"]

_LIBRARY = "7z archives are read by py7zr: pip install 'safeload[archives]'."
# What programs of Windows, Linux and macOS begin with, and scripts.
_PROGRAMS = (
    b"MZ", b"\x7fELF", b"#!", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)  # fmt: skip
# Bytes of the first header; those of other files that are looked through, twice what 7-Zip does;
# and archives in one file.
_HEAD, _SEARCHED, _MOST = 32, 16 << 20, 100
# Twice as fast as the maps' own way to find bytes.
_SIGNATURE = re.compile(re.escape(MAGIC))
_LEADS_OUT = "Its name leads out of the folder it is unpacked in."
_LINK = "It is a link that leads out of the folder it is unpacked in."


def is_7z(data: Buffer) -> bool:
    """Whether bytes begin like a 7z archive."""
    return data[: len(MAGIC)] == MAGIC


def may_extract_itself(head: bytes) -> bool:
    """Whether bytes begin like a program, which an archive may stand behind.

    Args:
        head: The first bytes, at least four.
    """
    return head.startswith(_PROGRAMS)


def archives_7z(data: Buffer, start: int = 0) -> Iterator[int]:
    """Where archives begin, as 7-Zip looks for one: with a header whose checksum is right.

    Args:
        data: Bytes; a program may stand in front.
        start: Where to begin to look.

    Yields:
        The first byte of each.

    Raises:
        OverLimitError: There are too many.
    """
    stop = len(data) if may_extract_itself(bytes(data[:4])) else min(len(data), _SEARCHED)
    count = 0
    for found in _SIGNATURE.finditer(data, start, stop):
        head = bytes(data[found.start() : found.start() + _HEAD])
        if len(head) == _HEAD and zlib.crc32(head[12:]) == int.from_bytes(head[8:12], "little"):
            count += 1
            if count > _MOST:
                raise OverLimitError("Too many archives begin in it.", "members")
            yield found.start()


def read_7z(data: Buffer, nesting: Nesting, start: int = 0) -> Members:
    """Unpack the files of an archive.

    Args:
        data: The archive, or what it lies in.
        nesting: Bounds; ``members``, ``dictionary`` and the budget apply.
        start: Its first byte.

    Yields:
        Each file, and under the name ``""`` what is wrong with the archive.

    Raises:
        ArchiveError: py7zr is not installed, the names are encrypted, or it unpacks to too much.
        OverLimitError: It has too many files, or takes too long.
    """
    if start:
        data = cast("Buffer", memoryview(data)[start:])
    try:
        solids, empty = read_header(data, nesting)
    except ImportError:
        raise ArchiveError("SL003", _LIBRARY) from None
    except (ArchiveError, OverLimitError, MemoryError):
        raise
    except Exception:  # noqa: BLE001
        # py7zr raises anything for what it did not foresee.
        yield Packed("", b"", (Finding("SL302", "The archive is damaged."),))
        return
    seen: set[str] = set()
    for solid in solids:
        yield from _files(data, solid, nesting, seen)
    for name in empty:
        yield Packed(name, b"", tuple(_problems(name, seen)))


def _files(data: Buffer, solid: Solid, nesting: Nesting, seen: set[str]) -> Iterator[Packed]:
    if solid.obstacle is not None:
        for file in solid.files:
            yield Packed(file.name, b"", (*_problems(file.name, seen), solid.obstacle))
        return
    for file, content in zip(solid.files, unpacked(data, solid, nesting), strict=True):
        problems = _problems(file.name, seen)
        if file.is_link and leads_outside(content.decode("latin-1"), beside=file.name):
            problems.append(Finding("SL302", _LINK))
        if not _is_whole(file, content):
            message = "It is damaged: it has another length or checksum than the archive says."
            problems.append(Finding("SL302", message))
        if file.is_link and not problems and _is_path(content):
            continue
        yield Packed(file.name, content, tuple(problems))


def _problems(name: str, seen: set[str]) -> list[Finding]:
    """What is wrong with a name."""
    problems = []
    if name in seen:
        problems.append(Finding("SL902", "Another file of the archive has this name, too."))
    seen.add(name)
    if leads_outside(name):
        problems.append(Finding("SL302", _LEADS_OUT))
    return problems


def _is_path(content: bytes) -> bool:
    """Whether a link's content is nothing but a path: who knows no links makes a file of it."""
    try:
        return content.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _is_whole(file: Listed, content: bytes) -> bool:
    return len(content) == file.size and file.crc in (None, zlib.crc32(content))
