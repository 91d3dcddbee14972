"""What SQLite says of a ledger becomes one of our errors: which file, what is wrong, what to do.

A ledger that cannot be used as it is named is the caller's to fix (exit code 2); one that cannot
be written to now leaves a load undecided (exit code 3). Neither is ever passed over.

Source: https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeload.errors import LoadError, SafeloadError, UsageError, printable
from safeload.owners.mounts import mount_of

__all__ = ["explained", "is_busy", "malformed"]

# Longest path shown in full, characters.
_SHOWN = 300
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MALFORMED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    # Of a statement that is right for tables of ours.
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}
_NETWORKS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "glusterfs", "fuse")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Have errors of SQLite and of the system about a ledger be ours.

    Args:
        path: The ledger.

    Raises:
        UsageError: It is missing or cannot be read (``ledger-unreadable``), or is not a ledger, or
        is
            damaged (``ledger-malformed``).
        LoadError: Somebody else is writing to it for too long (``ledger-busy``); there is no room
            (``ledger-full``); it cannot be written to (``ledger-unwritable``); or the disk or the
            library fails (``ledger-failed``).
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _of_sqlite(error, path) from error
    except OSError as error:
        raise UsageError(
            f"The ledger {_named(path)} cannot be read: {error.strerror}.",
            code="ledger-unreadable",
            hint="A ledger is a regular file; its folder has to be there."
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EINVAL)
            else "Check the folder that it lies in.",
        ) from error


def malformed(path: Path, why: str) -> UsageError:
    """The error about a file that is not a ledger, or a damaged one.

    Args:
        path: The file.
        why: A clause.
    """
    return UsageError(
        f"The file {_named(path)} is not a ledger that can be used: {why}.",
        code="ledger-malformed",
        hint="Restore it from a copy. If you begin a new one, set min_serial in the trust file "
        "to what the old one had seen.",
    )


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else is at work in the database."""
    return _code(error) in _BUSY


def _of_sqlite(error: sqlite3.Error, path: Path) -> SafeloadError:
    code, why = _code(error), printable(str(error))
    if code in _MALFORMED:
        return malformed(path, why)
    where = f"The ledger {_named(path)}"
    if code in _BUSY:
        return LoadError(
            f"{where} is being written to by another process, which does not finish.",
            code="ledger-busy",
            hint=f"Try again; find out who has it open.{_network(path)}",
        )
    if code == sqlite3.SQLITE_FULL:
        return LoadError(
            f"{where} cannot be written to: {why}.",
            code="ledger-full",
            hint="Make room on the disk that it lies on.",
        )
    if code in _UNWRITABLE:
        return LoadError(
            f"{where} cannot be written to: {why}.",
            code="ledger-unwritable",
            hint="The file and its folder have to be writable: SQLite keeps a journal beside it.",
        )
    return LoadError(
        f"{where} cannot be used: {why}.",
        code="ledger-failed",
        hint=f"Check the disk that it lies on, and the limits on sizes of files.{_network(path)}",
    )


def _code(error: sqlite3.Error) -> int:
    """The primary result code; the other bits say more of the same."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL)) & 0xFF


def _named(path: Path) -> str:
    return repr(printable(os.fspath(path), limit=_SHOWN))


def _network(path: Path) -> str:
    """What to add to a hint where locks are those of another machine."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY)
    except OSError:
        return ""
    try:
        mount = mount_of(descriptor)
    finally:
        os.close(descriptor)
    if mount is None or not mount.form.startswith(_NETWORKS):
        return ""
    return (
        f" It lies on a file system of type {printable(mount.form)}, whose locks may not hold or "
        "may be lost; keep it on a disk of this machine."
    )
