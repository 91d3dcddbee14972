"""Is this zip archive a checkpoint of torch?

Trust: the bytes are hostile. A yes means that torch might read it so; whether it does, the reader
of checkpoints says.
Source: PyTorch ``torch/serialization.py`` (``_is_zipfile``); PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from safeload.scan.containers.zip_records import END, END64, LOCATOR
from safeload.scan.program import Buffer

__all__ = ["is_checkpoint"]

# An end record and the longest comment; a directory of so many bytes as archives of this kind have.
_TAIL = 22 + 65_535
_DIRECTORY = 64 * 1024 * 1024
_ENTRY = re.compile(rb"PK\x01\x02.{42}", re.DOTALL)
_PICKLE = b"/data.pkl"


def is_checkpoint(data: Buffer) -> bool:
    """Whether an archive has a ``data.pkl`` beside a version or a folder of storages.

    Args:
        data: The whole file, which begins like a zip archive.

    Returns:
        True if torch might find them so.
    """
    names: set[bytes] = set()
    folders: set[bytes] = set()
    for directory in _directories(data):
        for name in _names(directory):
            names.add(name)
            folder, _, rest = name.partition(b"/")
            if rest.startswith(b"data/"):
                folders.add(folder)
    return any(
        name.endswith(_PICKLE)
        and name.count(b"/") == 1
        and (
            (folder := name.removesuffix(_PICKLE)) in folders
            or folder + b"/version" in names
            or folder + b"/.data/version" in names
        )
        for name in names
    )


def _directories(data: Buffer) -> Iterator[bytes]:
    """The bytes in which some reader may look for the directory."""
    with memoryview(data) as view:
        tail = max(0, len(view) - _TAIL)
        end = bytes(view[tail:]).rfind(b"PK\x05\x06")
        if end < 0 or len(view) - tail - end < END.size:
            return
        end += tail
        for stop, size, offset in _records(view, end):
            length = min(size, _DIRECTORY)
            # Right before the record, as zipfile has it; at the offset that it names, as torch.
            yield bytes(view[max(0, stop - length) : stop])
            if offset + size != stop:
                yield bytes(view[offset : offset + length])


def _records(view: memoryview, end: int) -> Iterator[tuple[int, int, int]]:
    """Where each end record begins, and the size and the offset of the directory that it names."""
    yield (end, *END.unpack_from(view, end)[5:7])
    locator = end - LOCATOR.size
    if locator < 0 or bytes(view[locator : locator + 4]) != b"PK\x06\x07":
        return
    # zipfile looks for the other record right before this one, torch where this one says.
    for place in {locator - END64.size, LOCATOR.unpack_from(view, locator)[2]}:
        if 0 <= place <= end - END64.size:
            yield (place, *END64.unpack_from(view, place)[8:10])


def _names(directory: bytes) -> Iterator[bytes]:
    """Names in a directory, in lower case."""
    for entry in _ENTRY.finditer(directory):
        (length,) = struct.unpack_from("<H", directory, entry.start() + 28)
        yield directory[entry.end() : entry.end() + length].lower()
