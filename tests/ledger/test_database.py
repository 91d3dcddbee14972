"""A ledger keeps what it is told, and one that cannot is an error."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import LoadError, SafeloadError, TrustError, UsageError
from safeload.ledger import database, problems, rows
from safeload.ledger.database import Ledger
from safeload.owners import databases
from safeload.owners.mounts import Mount
from tests.ledger.told import accepted, refused

ROOT = Path(__file__).parent.parent.parent
posix = pytest.mark.skipif(os.name != "posix", reason="users, modes and limits of POSIX")


def change(path: Path, *statements: str) -> None:
    """Change a database, as somebody who has SQLite might."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_what_is_told_is_what_is_kept(ledger: Ledger) -> None:
    told = [accepted(1), refused(9), accepted(3, "fraud"), accepted(2, signers=("alice", "bob"))]
    told.append(replace(refused(0), file="", model=None, version=None, serial=None, payload=None))

    for record in told:
        ledger.add(record)

    assert list(ledger.records()) == told
    assert list(ledger.records(model="fraud")) == [told[2]]
    assert list(ledger.records(model="other")) == []


def test_more_records_than_a_page_has_are_all_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_ROWS", 2)
    for serial in range(5):
        ledger.add(accepted(serial))

    assert [record.serial for record in ledger.records()] == [0, 1, 2, 3, 4]


def test_text_of_any_kind_is_kept_as_far_as_it_can_be(ledger: Ledger) -> None:
    ledger.add(refused(1, file="\udcff\ud800a\0b", host="x" * 5_000, version="\u202e"))

    (record,) = ledger.records()
    assert record.file == "\\udcff\\ud800a\0b"
    assert record.host == "x" * 1_000
    assert record.version == "\u202e"


def test_writers_are_not_kept_waiting_while_records_are_used(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_ROWS", 1)
    ledger.add(accepted(1))

    seen = 0
    for record in ledger.records():
        seen += 1
        if record.serial != 3:
            ledger.add(accepted(record.serial or 0 + 1 if seen > 1 else 3))

    assert seen == 2


# -- older releases --------------------------------------------------------------------------------


@pytest.mark.guarantee("G26")
def test_an_older_release_is_not_accepted_after_a_newer_one(ledger: Ledger) -> None:
    for serial in (5, 7, 7):
        ledger.require_current("churn", serial, reason=None)
        ledger.add(accepted(serial))

    for act in (
        partial(ledger.require_current, "churn", 6, reason=None),
        partial(ledger.add, accepted(6)),
    ):
        with pytest.raises(TrustError) as caught:
            act()
        assert caught.value.code == "rollback"
    assert [record.serial for record in ledger.records()] == [5, 7, 7]
    # Of another model.
    ledger.add(accepted(1, "fraud"))
    ledger.add(accepted(1, "CHURN"))


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("verdict", ["refused", "undecided"])
def test_what_was_not_accepted_makes_no_release_old(ledger: Ledger, verdict: str) -> None:
    ledger.add(accepted(5))
    ledger.add(refused(2**53 - 1, verdict=verdict))

    ledger.add(accepted(6))


@pytest.mark.guarantee("G26")
def test_a_reason_lets_an_older_release_pass_once_and_is_kept_where_it_was_needed(
    ledger: Ledger,
) -> None:
    ledger.add(accepted(7), reason="not needed")
    ledger.require_current("churn", 5, reason="7 predicts nonsense")
    ledger.add(accepted(5), reason="7 predicts nonsense")

    assert [record.rollback for record in ledger.records()] == ["", "7 predicts nonsense"]
    # 7 is still what was seen.
    with pytest.raises(TrustError):
        ledger.add(accepted(6))


@pytest.mark.parametrize("serial", [0, 2**53 - 1])
def test_serials_are_compared_as_numbers(ledger: Ledger, serial: int) -> None:
    ledger.add(accepted(9))
    if serial:
        ledger.add(accepted(serial))
    else:
        with pytest.raises(TrustError):
            ledger.add(accepted(serial))


# -- what is not a ledger --------------------------------------------------------------------------


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    # The root page of the table and all behind it; the header is whole.
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)


def in_another_form(path: Path) -> None:
    change(path, "PRAGMA user_version = 2")


def remade(*statements: str) -> Callable[[Path], None]:
    return lambda path: change(path, *statements)


def instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def exchange(path: Path) -> None:
        path.unlink()
        make(path)

    return exchange


# What became of the file, the code, and the exit code.
BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "it is empty": (lambda path: path.write_bytes(b""), "ledger-malformed"),
    "it is text": (lambda path: path.write_text("[keys.alice]\n" * 99), "ledger-malformed"),
    "it is cut short": (shorten, "ledger-malformed"),
    "it is garbled": (garble, "ledger-malformed"),
    "a later release wrote it": (in_another_form, "ledger-malformed"),
    "another program wrote it": (remade("PRAGMA application_id = 7"), "ledger-malformed"),
    "its table is gone": (remade("DROP TABLE records"), "ledger-malformed"),
    "its table is another": (
        remade("DROP TABLE records", "CREATE TABLE records (number, model, serial, verdict)"),
        "ledger-malformed",
    ),
    "a serial is a text": (
        remade("INSERT INTO records (model, serial, verdict) VALUES ('churn', 'z', 'accepted')"),
        "ledger-malformed",
    ),
    "it is a folder": (instead(Path.mkdir), "ledger-unreadable"),
    "it is a pipe": (instead(os.mkfifo), "ledger-unreadable"),
    "its folder is gone": (lambda path: shutil.rmtree(path.parent), "ledger-unreadable"),
    "it is a link to nothing": (
        instead(lambda path: path.symlink_to(path.parent / "nothing")),
        "ledger-unreadable",
    ),
    "others may write to it": (lambda path: path.chmod(0o666), "ledger-writable"),
    "others may write to its folder": (
        lambda path: path.parent.chmod(0o777),
        "ledger-writable",
    ),
    "others may add files to its folder": (
        lambda path: path.parent.chmod(0o1777),
        "ledger-writable",
    ),
}


@posix
@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("what", BROKEN)
def test_a_ledger_that_cannot_be_used_is_an_error(memory: Path, what: str) -> None:
    folder = memory / "own"
    folder.mkdir()
    ledger = Ledger(folder / "ledger.sqlite")
    for serial in range(1, 30):
        ledger.add(accepted(serial))
    spoil, code = BROKEN[what]
    spoil(ledger.path)

    for act in (
        lambda: ledger.require_current("churn", 30, reason="I say so"),
        lambda: ledger.add(accepted(30)),
        lambda: list(ledger.records()),
    ):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == code
        assert caught.value.exit_code == 2
        assert caught.value.hint


@posix
@pytest.mark.guarantee("G26")
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_a_ledger_of_somebody_else_is_an_error(ledger: Ledger) -> None:
    ledger.add(accepted(1))
    os.chown(ledger.path, 65_534, 65_534)

    with pytest.raises(UsageError) as caught:
        ledger.add(accepted(2))
    assert caught.value.code == "ledger-writable"


def test_a_link_of_ours_to_a_ledger_is_followed_to_where_its_journal_lies(memory: Path) -> None:
    (memory / "disk").mkdir()
    (memory / "link").symlink_to("disk/ledger.sqlite")
    Ledger(memory / "disk/ledger.sqlite").add(accepted(1))

    Ledger(memory / "link").add(accepted(2))

    assert len(list(Ledger(memory / "disk/ledger.sqlite").records())) == 2


def test_a_new_ledger_is_nobody_elses_and_appears_whole(ledger: Ledger) -> None:
    ledger.require_current("churn", 1, reason=None)

    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in ledger.path.parent.iterdir()] == [ledger.path.name]
    assert list(ledger.records()) == []


def test_records_of_a_ledger_that_is_not_there_are_no_reason_to_make_one(ledger: Ledger) -> None:
    with pytest.raises(UsageError) as caught:
        list(ledger.records())
    assert caught.value.code == "ledger-unreadable"
    assert not ledger.path.exists()


@pytest.mark.parametrize(
    "change_",
    ["signers = 'alice'", "signers = '{}'", "signers = '[1]'", "signers = 7", "verdict = 'maybe'",
     "milliseconds = 'x'", "time = NULL", "model = x'00'", "action = 'dance'"],
)  # fmt: skip
def test_a_row_that_is_no_record_is_an_error(ledger: Ledger, change_: str) -> None:
    ledger.add(refused(1))
    change(ledger.path, f"UPDATE records SET {change_}")

    with pytest.raises(UsageError) as caught:
        list(ledger.records())
    assert caught.value.code == "ledger-malformed"


# -- what cannot be written to now -----------------------------------------------------------------


def fails(ledger: Ledger, code: str) -> None:
    """Neither a look-up nor a record passes in silence."""
    for act in (
        partial(ledger.require_current, "churn", 9, reason="I say so"),
        partial(ledger.add, accepted(9)),
    ):
        with pytest.raises(LoadError) as caught:
            act()
        assert caught.value.code == code
        assert caught.value.exit_code == 3


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_lock_that_nobody_gives_back_is_an_error(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    ledger.add(accepted(1))
    monkeypatch.setattr(database, "_PATIENCE", 0.0)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute(f"BEGIN {lock}")
        fails(ledger, "ledger-busy")
    ledger.add(accepted(9))


def test_a_lock_that_is_given_back_late_is_waited_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.add(accepted(1))
    looks: list[sqlite3.Error] = []
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def is_busy(error: sqlite3.Error) -> bool:
            # SQLite alone has given up by then.
            looks.append(error)
            if len(looks) == 2:
                other.execute("ROLLBACK")
            return problems.is_busy(error)

        monkeypatch.setattr(database, "is_busy", is_busy)
        ledger.add(accepted(2))

    assert len(looks) == 2
    assert [record.serial for record in ledger.records()] == [1, 2]


def test_a_reader_that_does_not_finish_keeps_nothing_from_being_whole(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.add(accepted(1))
    monkeypatch.setattr(database, "_PATIENCE", 0.0)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM records").fetchall()
        with pytest.raises(LoadError) as caught:
            ledger.add(accepted(2))
        assert caught.value.code == "ledger-busy"
    assert [record.serial for record in ledger.records()] == [1]


def test_the_hint_says_where_locks_may_not_hold(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.add(accepted(1))
    monkeypatch.setattr(database, "_PATIENCE", 0.0)
    monkeypatch.setattr(problems, "mount_of", lambda _: Mount("/srv", "nfs4", False, False, None))
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LoadError) as caught:
            ledger.add(accepted(2))
    assert "nfs4" in caught.value.hint


@pytest.mark.guarantee("G26")
def test_where_there_is_no_room_nothing_is_recorded_in_part(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.add(accepted(1))
    pages, told = ledger.path.stat().st_size // 4096, [1]
    open_own = databases.open_own

    def narrow(*given: Any, **more: Any) -> sqlite3.Connection:
        connection = open_own(*given, **more)
        # As a full disk has it.
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(database, "open_own", narrow)
        with pytest.raises(LoadError) as caught:  # noqa: PT012  # nobody knows which one fails
            for serial in range(2, 1_000):
                told.append(serial)
                ledger.add(accepted(serial))
        assert caught.value.code == "ledger-full"
    assert [record.serial for record in ledger.records()] == told[:-1]
    ledger.add(accepted(told[-1]))


# One process makes the ledger; a child of it that is not root, or that may write no more, adds.
CODE = """
import codecs, os, resource, sys
from pathlib import Path
from safeload.errors import SafeloadError
from safeload.ledger.database import Ledger
from tests.ledger.told import accepted

how, path = sys.argv[1], Path(sys.argv[2])
ledger = Ledger(path)
ledger.add(accepted(1))
# What the child needs it may not be able to import.
list(ledger.records()), codecs.lookup("ascii")
owner = 65534 if os.geteuid() == 0 else os.geteuid()
if os.geteuid() == 0:
    os.chown(path, owner, owner)
    os.chown(path.parent, owner, owner)
child = os.fork()
if not child:
    if os.geteuid() == 0:
        os.setgroups([]); os.setgid(owner); os.setuid(owner)
    if how == "file":
        path.chmod(0o400)
    elif how == "folder":
        path.parent.chmod(0o500)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(how), int(how)))
    for act in (lambda: ledger.require_current("churn", 2, reason=None),
                lambda: ledger.add(accepted(2))):
        try:
            act()
            print("passed")
        except SafeloadError as error:
            print(error.code, error.exit_code)
    if how == "folder":
        # Whoever only reads needs no journal.
        print(len(list(ledger.records())))
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
path.parent.chmod(0o700)
path.chmod(0o600)
if os.geteuid() == 0:
    os.chown(path, 0, 0)
    os.chown(path.parent, 0, 0)
print([record.serial for record in ledger.records()])
"""
OUTCOMES = {
    "file": ["ledger-unwritable 3", "ledger-unwritable 3"],
    "folder": ["ledger-unwritable 3", "ledger-unwritable 3", "1"],
    # Not even a journal; a journal, but no record.
    "1": ["ledger-failed 3", "ledger-failed 3"],
    "9000": ["passed", "ledger-failed 3"],
}


@posix
@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("how", OUTCOMES)
def test_where_one_may_not_write_it_is_an_error_and_all_stays(memory: Path, how: str) -> None:
    folder = memory / "own"
    folder.mkdir()
    memory.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", CODE, how, str(folder / "ledger.sqlite")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [*OUTCOMES[how], "[1]"], done.stderr


def test_whoever_comes_in_between_in_the_same_thread_gets_an_error(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[SafeloadError] = []
    as_row = rows.as_row

    def interrupted(record: Any) -> Any:
        # As a signal handler would.
        with pytest.raises(LoadError) as caught:
            Ledger(ledger.path).add(accepted(7))
        seen.append(caught.value)
        return as_row(record)

    monkeypatch.setattr(database, "as_row", interrupted)
    ledger.add(accepted(1))

    assert [error.code for error in seen] == ["ledger-failed"]
    assert [record.serial for record in ledger.records()] == [1]
