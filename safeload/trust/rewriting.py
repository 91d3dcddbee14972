"""A trust file is read, changed, and replaced as a whole, while whoever else changes it waits.

Trust: only a file that nobody else could have written is read, and so changed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from safeload.errors import UsageError, about, printable
from safeload.owners.reading import read_own
from safeload.writing.files import NewFile, put, writing
from safeload.writing.folder import Folder

__all__ = ["read_trust", "rewrite"]

# Thousands of keys fit.
_BYTES = 4 * 1024 * 1024
_MODE = 0o600


def read_trust(where: Path) -> tuple[bytes, os.stat_result]:
    """Read a trust file.

    Args:
        where: The file.

    Returns:
        Its text, and its status.

    Raises:
        UsageError: There is none (``trustfile-missing``), it cannot be read
            (``trustfile-unreadable``), or somebody else could have written it
            (``trustfile-writable``).
    """
    shown = printable(os.fspath(where))
    try:
        return read_own(where, noun="trust file", code="trustfile-writable", limit=_BYTES)
    except FileNotFoundError as error:
        raise UsageError(
            "There is no trust file.",
            code="trustfile-missing",
            hint=f"Make {shown!r} with 'safeload keygen' or 'safeload trust init', or name "
            "another one.",
        ) from error
    except OSError as error:
        raise UsageError(
            f"The trust file cannot be read: {error.strerror}.",
            code="trustfile-unreadable",
            hint=f"Check {shown!r}.",
        ) from error


def rewrite(where: Path, change: Callable[[bytes | None], bytes]) -> None:
    """Replace a trust file by what is made of it, or begin one.

    A reader sees the old file or the new one. Whoever else changes it at the same time waits, so
    nothing that is added is lost. A new file has mode 0600; one that exists keeps its mode, and a
    symbolic link to it stays one.

    Args:
        where: The file.
        change: Is given the text, or None where there is no file, and returns the new one. It is
            called once before anything is made or waited for, and once more with what is there
            then.

    Raises:
        UsageError: What ``change`` raises; another writer does not finish (``folder-busy``), or
            the file cannot be read, used or written.
    """
    with about(where, given=True):
        _rewrite(where, change)


def _rewrite(where: Path, change: Callable[[bytes | None], bytes]) -> None:
    # What does not fit will not fit any better later.
    _changed(where, change)
    try:
        file = Path(os.path.realpath(where))
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with writing(file.parent) as folder:
            data, read = _changed(where, change)
            _check_place(folder, file.name, read)
            put(folder, NewFile(file.name, data, _MODE))
    except OSError as error:
        raise UsageError(
            f"The trust file cannot be written: {error.strerror}.",
            code="trustfile-unwritable",
            hint=f"Check the directory of {printable(os.fspath(where))!r}.",
        ) from error


def _changed(
    where: Path, change: Callable[[bytes | None], bytes]
) -> tuple[bytes, os.stat_result | None]:
    """The new text, and the status of the file that was read, if any."""
    data: bytes | None
    status: os.stat_result | None
    try:
        data, status = read_trust(where)
    except UsageError as error:
        if error.code != "trustfile-missing":
            raise
        data, status = None, None
    new = change(data)
    if len(new) > _BYTES:
        raise UsageError(
            "The trust file would be larger than it may be.",
            code="trustfile-too-large",
            hint="Remove what is no longer needed from it first.",
        )
    return new, status


def _check_place(folder: Folder, name: str, read: os.stat_result | None) -> None:
    """Check that the file that was read is the one that would be replaced."""
    try:
        there = folder.status(name)
    except FileNotFoundError:
        there = None
    if (there is None) != (read is None) or (there and read and not os.path.samestat(there, read)):
        raise OSError(errno.EBUSY, "It was exchanged for another one meanwhile")
