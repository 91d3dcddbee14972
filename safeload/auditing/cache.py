"""What was found of which bytes, kept between audits, so that nothing is read and judged twice.

Two tables of one SQLite file. ``files`` says which bytes a path led to, as long as the same file is
there; ``verdicts`` what was found of bytes under one way of judging.

Trust: whoever can write to the cache can make verdicts. So it belongs to us, lies where nobody else
can put a file beside it, and outside of what is audited. Rows are checked when they are read, and
hold JSON. A cache that will not do is none: that is said, and costs only time.

Source: https://www.sqlite.org/lockingv3.html (section 4, journals that are rolled back).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from safeload.auditing.rows import as_row, from_row
from safeload.errors import UsageError, printable
from safeload.owners.databases import brand, numbers, open_own
from safeload.verdict import FileReport, Skipped

if TYPE_CHECKING:
    from safeload.auditing.one import Answer

__all__ = ["Cache", "default_path"]

# What the file says of itself: whose it is, and the form of its tables.
_APPLICATION, _FORM = 0x5AFE10AD, 1
_TABLES = (
    """CREATE TABLE files (path BLOB PRIMARY KEY, identity TEXT NOT NULL, sha256 TEXT NOT NULL,
       day INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE verdicts (sha256 TEXT NOT NULL, listed INTEGER NOT NULL, judging TEXT NOT NULL,
       report TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (sha256, listed, judging))
       WITHOUT ROWID""",
)
# Seconds that another audit may take for writing, and that pass between two writes of ours.
_PATIENCE, _PAUSE = 5.0, 1.0
# Days after which what nobody asked for is forgotten.
_DAYS = 120
_SECONDS_PER_DAY = 86_400
_HEX = frozenset("0123456789abcdef")


def default_path() -> Path:
    """Where the cache of this user lies, whether or not there is one."""
    return Path(platformdirs.user_cache_dir("safeload", appauthor=False)) / "audit.sqlite"


class Cache:
    """A cache, for one way of judging.

    Args:
        path: The file.
        judging: The way of judging, as :attr:`safeload.auditing.judging.Judging.key` names it.
        writing: Whether to make the file if there is none, and to write to it.
        audited: The files and folders that it must not lie in.

    Attributes:
        problem: Why it is not used, a clause; empty as long as it is.
    """

    def __init__(
        self,
        path: Path,
        judging: str,
        *,
        writing: bool = True,
        audited: Iterable[str | os.PathLike[str]] = (),
    ) -> None:
        self.problem = ""
        self._judging = judging
        self._day = int(time.time()) // _SECONDS_PER_DAY
        self._files: list[tuple[bytes, str, str, int]] = []
        self._verdicts: list[tuple[str, bool, str, str, int]] = []
        self._written = time.monotonic()
        self._database: sqlite3.Connection | None = None
        try:
            _require_apart(path, audited)
            self._database = _opened(path, writing=writing)
        except UsageError as error:
            self._give_up(error.message)
        except (OSError, sqlite3.Error) as error:
            self._give_up(_reason(error))

    def digest_of(self, path: Path, identity: str) -> str | None:
        """Which bytes a path leads to, if the same file is there as once before.

        Args:
            path: The path.
            identity: As :func:`safeload.auditing.identity.identity_of` gives it.

        Returns:
            Their SHA-256, or None.
        """
        row = self._row(
            "SELECT identity, sha256, day FROM files WHERE path = ?", (_absolute(path),)
        )
        if not identity or row is None or row[0] != identity or not _is_digest(row[1]):
            return None
        if row[2] != self._day:
            self._files.append((_absolute(path), identity, row[1], self._day))
        return str(row[1])

    def known(self, sha256: str, label: str, *, listed: bool) -> FileReport | Skipped | None:
        """What was found of some bytes.

        Args:
            sha256: Of the bytes.
            label: What to call the file.
            listed: Whether the file is in the report whatever it is.
        """
        row = self._row(
            "SELECT report, day FROM verdicts WHERE sha256 = ? AND listed = ? AND judging = ?",
            (sha256, listed, self._judging),
        )
        found = None if row is None else _found_of(row[0], sha256, label)
        if row is not None and found is not None and row[1] != self._day:
            self._verdicts.append((sha256, listed, self._judging, row[0], self._day))
        return found

    def keep(self, path: Path, answer: Answer, *, listed: bool) -> None:
        """Keep what was found of a file.

        Args:
            path: Where it lies.
            answer: What was found.
            listed: Whether the file is in the report whatever it is.
        """
        if not answer.lasting or self._database is None:
            return
        if answer.identity:
            self._files.append((_absolute(path), answer.identity, answer.sha256, self._day))
        row = as_row(answer.found)
        self._verdicts.append((answer.sha256, listed, self._judging, row, self._day))
        if time.monotonic() - self._written > _PAUSE:
            self.write()

    def write(self) -> None:
        """Write what was kept and is not written yet."""
        if self._database is not None and (self._files or self._verdicts):
            try:
                with self._database as database:
                    database.execute("BEGIN IMMEDIATE")
                    database.executemany("REPLACE INTO files VALUES (?, ?, ?, ?)", self._files)
                    database.executemany(
                        "REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", self._verdicts
                    )
            except sqlite3.Error as error:
                self._give_up(_reason(error))
        self._files.clear()
        self._verdicts.clear()
        self._written = time.monotonic()

    def close(self) -> None:
        """Write what is left, forget what nobody asked for in a long time, and close the file."""
        self.write()
        if self._database is not None:
            with suppress(sqlite3.Error), self._database as database:
                for table in ("files", "verdicts"):
                    # Not by a parameter: a table has none. The names are ours.
                    query = f"DELETE FROM {table} WHERE day < ?"  # noqa: S608
                    database.execute(query, (self._day - _DAYS,))
            self._database.close()
            self._database = None

    def _row(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        if self._database is None:
            return None
        try:
            row: tuple[Any, ...] | None = self._database.execute(query, values).fetchone()
        except sqlite3.Error as error:
            self._give_up(_reason(error))
            return None
        return row

    def _give_up(self, problem: str) -> None:
        self.problem = problem
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None


def _found_of(row: object, sha256: str, path: str) -> FileReport | Skipped | None:
    """What a kept line says of a file; None if it is no such line."""
    try:
        found = from_row(row, path) if isinstance(row, str) else None
    except ValueError:
        return None
    if isinstance(found, FileReport) and found.sha256 != sha256:
        return None
    return found


def _opened(path: Path, *, writing: bool) -> sqlite3.Connection:
    if writing:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database = open_own(
        path, noun="cache", code="cache-writable", writing=writing, patience=_PATIENCE
    )
    try:
        if writing:
            _make(database)
        _require_ours(database)
    except BaseException:
        database.close()
        raise
    return database


def _make(database: sqlite3.Connection) -> None:
    """Make the tables, unless something is in the file."""
    if numbers(database) != (0, 0):
        return
    with database:
        database.execute("BEGIN IMMEDIATE")
        empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        # Another audit may have been first.
        if empty and numbers(database) == (0, 0):
            for statement in _TABLES:
                database.execute(statement)
            brand(database, _APPLICATION, _FORM)


def _require_ours(database: sqlite3.Connection) -> None:
    if numbers(database) != (_APPLICATION, _FORM):
        raise sqlite3.DatabaseError("it was written by another program or release")


def _require_apart(path: Path, audited: Iterable[str | os.PathLike[str]]) -> None:
    real = os.path.realpath(path)
    for each in audited:
        folder = os.path.realpath(each)
        if real == folder or real.startswith(folder.rstrip(os.sep) + os.sep):
            raise UsageError(
                "It lies in what is audited.",
                code="cache-audited",
                hint="Put the cache into a folder of yours that is not audited.",
            )


def _absolute(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100  # without following links


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and _HEX.issuperset(text)


def _reason(error: OSError | sqlite3.Error) -> str:
    return printable(getattr(error, "strerror", None) or str(error))
