"""One writer at a time in a folder, and no crash and no third_party keeps others out for ever."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import UsageError
from safeload.writing import lock
from safeload.writing.files import replace_file, write_new
from safeload.writing.folder import Folder
from safeload.writing.lock import LOCK, locked
from tests.owners.users import STRANGER, as_root


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody."""
    monkeypatch.setattr(lock, "_SECONDS", 0.0)


def writes(folder: Path) -> None:
    write_new(folder / "file", b"", mode=0o600)
    assert [path.name for path in folder.iterdir()] == ["file"]


def busy(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_new(folder / "file", b"", mode=0o600)
    assert caught.value.code == "folder-busy"
    assert not (folder / "file").exists()


def test_the_lock_is_there_while_it_is_held_and_no_longer(tmp_path: Path) -> None:
    with Folder.opened(tmp_path) as folder:
        with locked(folder) as alone:
            assert alone
            assert [path.name for path in tmp_path.iterdir()] == [LOCK]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_a_thread_does_not_wait_for_another_one_for_ever(tmp_path: Path) -> None:
    with Folder.opened(tmp_path) as folder, locked(folder):
        busy(tmp_path)
    writes(tmp_path)


def test_a_thread_waits_until_another_one_has_written(tmp_path: Path) -> None:
    thread = threading.Thread(target=write_new, args=(tmp_path / "a", b""), kwargs={"mode": 0o600})
    with Folder.opened(tmp_path) as folder, locked(folder):
        thread.start()
        # It has its turn as soon as nobody else has.
        thread.join(0.1)
        assert not (tmp_path / "a").exists()
    thread.join()
    assert (tmp_path / "a").exists()


@pytest.mark.usefixtures("impatient")
def test_another_folder_is_another_matter(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Folder.opened(tmp_path) as folder, locked(folder):
        writes(tmp_path / "other")


@pytest.mark.usefixtures("impatient")
def test_who_holds_the_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    with (tmp_path / LOCK).open("w+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy(tmp_path)
    (tmp_path / LOCK).unlink()
    writes(tmp_path)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("content", [b"", b"123 on host", b"\xff" * 1000])
def test_the_lock_of_a_killed_run_is_nobodys(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LOCK).write_bytes(content)
    writes(tmp_path)


def test_a_lock_file_that_cannot_be_removed_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As somebody else's in a folder with the sticky bit.
    (tmp_path / LOCK).write_bytes(b"")
    monkeypatch.setattr(lock, "_remove", lambda folder, descriptor: None)
    write_new(tmp_path / "file", b"", mode=0o600)
    assert {path.name for path in tmp_path.iterdir()} == {"file", LOCK}


@pytest.mark.parametrize("kind", ["a link", "a pipe", "a folder"])
def test_something_else_in_the_place_of_the_lock_is_an_error(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    if kind == "a link":
        (tmp_path / LOCK).symlink_to("target")
    elif kind == "a pipe":
        os.mkfifo(tmp_path / LOCK)
    else:
        (tmp_path / LOCK).mkdir()
    codes = {errno.ELOOP, errno.EINVAL, errno.EISDIR}
    with pytest.raises(OSError, check=lambda error: error.errno in codes):
        write_new(tmp_path / "file", b"", mode=0o600)
    assert {path.name for path in tmp_path.iterdir()} == {"target", LOCK}
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("folder_mode", "lock_mode"), [(0o755, 0o600), (0o775, 0o660), (0o1777, 0o666)]
)
def test_who_may_write_to_the_folder_may_lock_it_and_nobody_else(
    tmp_path: Path, folder_mode: int, lock_mode: int
) -> None:
    tmp_path.chmod(folder_mode)
    with Folder.opened(tmp_path) as folder, locked(folder):
        status = (tmp_path / LOCK).stat()
    assert stat.S_IMODE(status.st_mode) == lock_mode
    if lock_mode != 0o600:
        assert status.st_gid == tmp_path.stat().st_gid


@as_root
def test_the_owner_of_the_folder_may_lock_it_whoever_was_killed(tmp_path: Path) -> None:
    os.chown(tmp_path, STRANGER, -1)
    with Folder.opened(tmp_path) as folder, locked(folder):
        status = (tmp_path / LOCK).stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (STRANGER, 0o600)


def test_where_owners_and_modes_are_made_up_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_up(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    tmp_path.chmod(0o777)
    monkeypatch.setattr(os, "fchmod", made_up)
    monkeypatch.setattr(os, "fchown", made_up)
    writes(tmp_path)
    # All files there have one mode, so the next one has it already.
    replace_file(tmp_path / "file", b"new", mode=0o600)
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_where_there_are_no_locks_it_is_written_and_nothing_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def none(*_: Any) -> None:
        raise OSError(code, "no locks")

    left = tmp_path / ".safeload-0123456789abcdef"
    left.mkdir()
    monkeypatch.setattr(fcntl, "flock", none)
    write_new(tmp_path / "file", b"", mode=0o600)
    assert {path.name for path in tmp_path.iterdir()} == {"file", left.name}


IN_A_CHILD = """
import os, sys, threading
from pathlib import Path
from safeload.writing import lock
from safeload.writing.files import write_new
from safeload.writing.folder import Folder

here = Path(sys.argv[1])
inside, done = threading.Event(), threading.Event()

def hold():
    with Folder.opened(here) as folder, lock._turn(folder, lock._Patience(folder)):
        inside.set()
        done.wait()

thread = threading.Thread(target=hold)
thread.start()
inside.wait()
child = os.fork()
if not child:
    # The thread that has its turn here is not in this process.
    lock._SECONDS = 0.0
    write_new(here / "file", b"", mode=0o600)
    os._exit(0)
_, status = os.waitpid(child, 0)
done.set()
thread.join()
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_does_not_wait_for_threads_of_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", IN_A_CHILD, str(tmp_path)]
    subprocess.run(command, check=True)
    assert (tmp_path / "file").exists()
