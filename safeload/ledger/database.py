"""A ledger: what was loaded here and what was refused, and the highest serial of each model.

One table of one SQLite file. Each record is a transaction of its own, written through to the disk
before anything that it is about is handed on. What was accepted is looked up and added in one such
transaction, which no other process can have at the same time: an older release is never added once
a newer one is there, unless a reason is given.

The journal is the one that is rolled back, not a write-ahead log: a ledger is one file that can be
copied while nobody writes, it needs no memory that processes share, so it works on network file
systems whose locks hold, and a reader needs nothing but the file. ``synchronous`` is EXTRA, which
writes the removal of the journal through to the disk as well: otherwise, a power failure could take
back a record that was reported as written.

A connection lives for one transaction. So nothing is open when the process forks, a ledger that is
put in place of another one is seen at once, and threads take turns.

Trust: whoever can write to the ledger can make an old release pass for a new one. So it is refused
if anybody but this user and root could have written it, and rows are checked when they are read.

Source: https://www.sqlite.org/lockingv3.html, https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Literal

from safeload.errors import TrustError, about, printable
from safeload.forks import Lock
from safeload.ledger.problems import explained, is_busy, malformed
from safeload.ledger.record import Record
from safeload.ledger.rows import COLUMNS, as_row, from_row
from safeload.owners.databases import brand, numbers, open_own
from safeload.writing.files import write_new

__all__ = ["Ledger"]

# What the file says of itself: whose it is, and the form of its tables.
_APPLICATION, _FORM = 0x5AFE1ED6, 1
_LIST = ", ".join(COLUMNS)
_TABLES = (
    f"CREATE TABLE records (number INTEGER PRIMARY KEY, {_LIST})",
    # Finds the highest serial at once, however long the ledger is.
    "CREATE INDEX accepted ON records (model, serial) WHERE verdict = 'accepted'",
    "CREATE INDEX of_model ON records (model)",
)
# Names are ours; a statement has no parameters for them.
_ADD = f"INSERT INTO records ({_LIST}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_HIGHEST = "SELECT max(serial) FROM records WHERE model = ? AND verdict = 'accepted'"
_PAGE = f"SELECT number, {_LIST} FROM records WHERE number > ?"  # noqa: S608
_OF_MODEL = " AND model = ?"
_IN_ORDER = " ORDER BY number LIMIT ?"
# Rows that are read while writers wait.
_ROWS = 500
# Seconds until a lock is not waited for any longer; and those after which SQLite, which waits ever
# longer between two looks, begins anew, so that nobody comes last for ever.
_PATIENCE, _TURN = 30.0, 0.1

# "reading" leaves everything as it is, and so does "trying", which needs the right to write.
_Purpose = Literal["reading", "trying", "writing"]

# SQLite's locks are the process's, not the thread's.
_ALONE = Lock()
_WITHIN: ContextVar[bool] = ContextVar("within a transaction", default=False)


class Ledger:
    """A ledger.

    Args:
        path: The file. It is made, with mode 0600, by the first record or look-up; its folder has
            to be there.

    All methods raise ``UsageError`` and ``LoadError`` as
    :func:`safeload.ledger.problems.explained` says, and ``UsageError`` (``ledger-writable``) if
    somebody else could have written the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def require_current(self, model: str, serial: int, *, reason: str | None) -> None:
        """Require a release as new as any that was accepted, or a reason.

        Args:
            model: The model's name.
            serial: Its serial.
            reason: Why an older one will do, or None if it will not.

        Raises:
            TrustError: One with a higher serial was accepted (``rollback``).
        """
        with self._transaction("trying") as database:
            # Begins a journal, and so finds out whether a record could be written.
            brand(database, _APPLICATION, _FORM)
            self._needed(database, model, serial, reason)

    def add(self, record: Record, *, reason: str | None = None) -> None:
        """Add a record, unless it accepts an older release than the ledger has.

        Args:
            record: The record, without a reason.
            reason: Why an older release will do. It is kept where it was needed.

        Raises:
            TrustError: It accepts an older release, and there is no reason (``rollback``).
        """
        with self._transaction("writing") as database:
            if record.verdict == "accepted" and record.model is not None:
                needed = self._needed(database, record.model, record.serial or 0, reason)
                record = replace(record, rollback=needed)
            database.execute(_ADD, as_row(record))

    def records(self, *, model: str | None = None) -> Iterator[Record]:
        """The records, in the order in which they were written.

        Nobody who writes is kept waiting while they are used.

        Args:
            model: Only those about the model of this name.

        Raises:
            UsageError: There is no ledger (``ledger-unreadable``), or it is damaged, which is seen
                at once but for what a row holds.
        """
        with self._transaction("reading") as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise malformed(self.path, printable(str(found)))
        return self._pages(model)

    def _pages(self, model: str | None) -> Iterator[Record]:
        last = -1
        while page := self._page(last, model):
            last = page[-1][0]
            yield from [record for _, record in page]

    def _page(self, last: int, model: str | None) -> list[tuple[int, Record]]:
        query, values = (_PAGE, (last,)) if model is None else (_PAGE + _OF_MODEL, (last, model))
        with self._transaction("reading") as database:
            rows = database.execute(query + _IN_ORDER, (*values, _ROWS)).fetchall()
        try:
            return [(row[0], from_row(row[1:])) for row in rows]
        except ValueError as error:
            raise malformed(self.path, str(error)) from error

    def _needed(
        self, database: sqlite3.Connection, model: str, serial: int, reason: str | None
    ) -> str:
        """The reason if the release is an older one, and else an empty text."""
        highest = database.execute(_HIGHEST, (model,)).fetchone()[0]
        if highest is not None and type(highest) is not int:
            raise malformed(self.path, "a serial is not a number")
        if highest is None or serial >= highest:
            return ""
        if reason is not None:
            return reason
        raise TrustError(
            f"This is release {serial} of the model {printable(model)!r}, and release {highest} "
            "was loaded here before.",
            code="rollback",
            hint="Find out who put the old one back. If it was you, say why: allow_rollback=, or "
            "--allow-rollback REASON.",
        )

    @contextmanager
    def _transaction(self, purpose: _Purpose) -> Iterator[sqlite3.Connection]:
        """Open the ledger for one transaction, which is undone if anything goes wrong in it."""
        with about(self.path, given=True), explained(self.path):
            if purpose != "reading" and not os.path.lexists(self.path):
                # It has its name when all is in it, so a file that is empty is no new ledger.
                with suppress(FileExistsError):
                    write_new(self.path, _new(), mode=0o600)
            with _ALONE, _only_once(), closing(self._open()) as database:
                # What is undone in any case need not reach the disk.
                durable = "EXTRA" if purpose == "writing" else "OFF"
                _patiently(database, f"PRAGMA synchronous = {durable}")
                _patiently(database, "BEGIN" if purpose == "reading" else "BEGIN IMMEDIATE")
                self._require_ours(database)
                yield database
                _patiently(database, "COMMIT" if purpose == "writing" else "ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        return open_own(
            self.path, noun="ledger", code="ledger-writable", writing=True, patience=_TURN
        )

    def _require_ours(self, database: sqlite3.Connection) -> None:
        application, form = numbers(database)
        if application != _APPLICATION:
            raise malformed(self.path, "another program, or nobody, has written it")
        if form != _FORM:
            raise malformed(self.path, f"its form is {form}, and this release knows {_FORM}")
        there = {row[0] for row in database.execute("SELECT sql FROM sqlite_master")}
        if not there.issuperset(_TABLES):
            raise malformed(self.path, "its tables are others")


@contextmanager
def _only_once() -> Iterator[None]:
    """Keep a signal handler or a finaliser out that comes in between, in this very thread."""
    if _WITHIN.get():
        raise sqlite3.ProgrammingError("it is in use by this thread")
    try:
        _WITHIN.set(True)
        yield
    finally:
        _WITHIN.set(False)


def _patiently(database: sqlite3.Connection, statement: str) -> None:
    """Execute a statement that takes a lock as soon as it can be had."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            database.execute(statement)
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
        else:
            return


def _new() -> bytes:
    """A ledger without records."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        for statement in _TABLES:
            database.execute(statement)
        brand(database, _APPLICATION, _FORM)
        return database.serialize()
