"""A path becomes an open SQLite database that nobody else could have written.

SQLite opens a database by its path, and looks for a journal beside it. So nobody else may write to
the folder that it lies in, not even add a file to it (:func:`safeload.owners.reading.require_own`).

Judging a file opens and closes it, which ends the locks that this process has on it by way of other
connections. Whoever opens one database in several threads has to let them take turns.

Trust: a database in the place is taken for what its owner wrote; what it says is checked by whoever
reads it.

Source: https://www.sqlite.org/howtocorrupt.html (section 2.2), https://www.sqlite.org/uri.html.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from safeload.owners.reading import require_own

__all__ = ["brand", "numbers", "open_own"]


def open_own(
    path: Path, *, noun: str, code: str, writing: bool, patience: float
) -> sqlite3.Connection:
    """Open a database that is there.

    Args:
        path: The file; links are followed.
        noun: What to call it, such as ``"cache"``.
        code: Code of the error about an owner or mode.
        writing: Whether it is to be written to, as far as it can be.
        patience: Seconds that SQLite waits for whoever else is writing.

    Returns:
        The connection. Transactions are begun and ended by whoever uses it.

    Raises:
        OSError: There is no such file, or it is not a regular one.
        UsageError: Another user could have written it.
        sqlite3.Error: SQLite cannot open it.
    """
    require_own(path, noun=noun, code=code)
    where = f"file:{quote(os.fsencode(path.absolute()))}?mode={'rw' if writing else 'ro'}"
    return sqlite3.connect(where, timeout=patience, isolation_level=None, uri=True)


def numbers(database: sqlite3.Connection) -> tuple[int, int]:
    """What a database says of itself: whose it is, and the form of its tables.

    Args:
        database: An open one.

    Returns:
        Its ``application_id`` and ``user_version``.
    """
    pragmas = ("application_id", "user_version")
    application, form = (int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in pragmas)
    return application, form


def brand(database: sqlite3.Connection, application: int, form: int) -> None:
    """Write what :func:`numbers` reads.

    Args:
        database: An open one.
        application: Whose it is.
        form: The form of its tables.
    """
    database.execute(f"PRAGMA application_id = {application:d}")
    database.execute(f"PRAGMA user_version = {form:d}")
