"""What becomes of dropped files, and what those try in vain who drop them."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.auditing.judging import Judging
from safeload.auditing.one import answer
from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.verdict import Verdict
from safeload.watching import arrivals
from safeload.watching import watch as watching
from safeload.watching.drop import CLAIMED, is_being_written
from safeload.watching.keeping import Keeping
from safeload.watching.watch import watch
from tests.watching.folders import BAD, GOOD, OTHER, Folders, claim, signature_of
from tests.writing.scenarios import MEMORY

pytestmark = pytest.mark.skipif(os.name != "posix", reason="open folders are a POSIX matter")
leases = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases and inotify")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


# -- where files go --------------------------------------------------------------------------------


def test_accepted_files_go_on_and_others_have_their_reports_beside_them(folders: Folders) -> None:
    folders.put("good.pkl", GOOD)
    folders.put("a/b/bad.pkl", BAD)
    folders.put("readme.txt", b"no model")
    folders.once()
    assert folders.contents(folders.accepted) == {"good.pkl": GOOD}
    kept = folders.contents(folders.quarantine)
    assert {name for name in kept if ".report." not in name} == {"a/b/bad.pkl", "readme.txt"}
    assert kept["a/b/bad.pkl"] == BAD
    (report,) = json.loads(kept["a/b/bad.pkl.report.json"])["files"]
    assert (report["path"], report["verdict"]) == ("a/b/bad.pkl", "refuse")
    assert kept["a/b/bad.pkl.report.txt"].startswith(b"REFUSE     a/b/bad.pkl")
    assert kept["readme.txt.report.txt"].startswith(b"INCOMPLETE readme.txt")
    assert folders.is_done()
    assert {moved.path: moved.accepted for moved in folders.moved} == {
        "good.pkl": True,
        "a/b/bad.pkl": False,
        "readme.txt": False,
    }


def test_what_is_in_quarantine_is_for_nobody_else(folders: Folders) -> None:
    folders.put("bad.pkl", BAD).chmod(0o777)
    folders.once()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folders.quarantine.iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize(
    "name", [".hidden.pkl", "a.pkl.part", "a.PKL.CrDownload", "a.pkl~", ".git/a.pkl", "b.tmp/a.pkl"]
)
def test_hidden_and_partial_files_are_left_alone(folders: Folders, name: str) -> None:
    folders.put(name, GOOD)
    folders.once()
    assert folders.contents(folders.drop) == {name: GOOD}
    assert folders.moved == []


@pytest.mark.parametrize(
    "name", ["-rf", "a\nb.pkl", "\x1b[2J.pkl", "$(touch canary)", "\udcff.pkl", "..pkl...", "a b"]
)
def test_a_name_is_a_name(folders: Folders, name: str) -> None:
    if name.startswith("."):
        name = f"x{name}"
    folders.put(name, GOOD)
    folders.put(f"of/{name}", BAD)
    folders.once()
    assert folders.contents(folders.accepted) == {name: GOOD}
    assert f"of/{name}" in folders.contents(folders.quarantine)
    assert folders.is_done()


def test_a_name_that_leaves_no_room_for_a_report_becomes_a_digest(folders: Folders) -> None:
    folders.put("a" * 255, BAD)
    folders.put("b" * 255, GOOD)
    folders.once()
    (moved,) = [moved for moved in folders.moved if not moved.accepted]
    assert moved.report is not None
    assert moved.to.name == moved.report.sha256
    assert len(folders.contents(folders.quarantine)) == 3
    assert folders.contents(folders.accepted) == {"b" * 255: GOOD}


# -- names that are taken --------------------------------------------------------------------------


@pytest.mark.guarantee("G25")
def test_nothing_is_written_over(folders: Folders) -> None:
    for data in (GOOD, OTHER):
        folders.put("model.pkl", data)
        folders.once()
    kept = folders.contents(folders.accepted)
    assert kept.pop("model.pkl") == GOOD
    ((name, data),) = kept.items()
    assert (name[:6], name[-4:], data) == ("model-", ".pkl", OTHER)


def test_the_same_bytes_are_kept_once(folders: Folders) -> None:
    for _ in range(2):
        folders.put("model.pkl", GOOD)
        folders.put("bad.pkl", BAD)
        folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}
    assert len(folders.contents(folders.quarantine)) == 3
    assert folders.is_done()


def test_whoever_takes_all_names_gets_nothing_replaced_and_loses_nothing(folders: Folders) -> None:
    sha256 = next(iter(_moved_of(folders, "model.pkl", GOOD)))
    (folders.accepted / "model.pkl").unlink()
    taken = ["model.pkl", f"model-{sha256[:12]}.pkl", f"{sha256}.pkl"]
    for name in taken:
        (folders.accepted / name).write_bytes(OTHER)
    folders.put("model.pkl", GOOD)
    folders.once()
    assert folders.contents(folders.accepted) == dict.fromkeys(taken, OTHER)
    assert folders.contents(folders.drop) == {"model.pkl": GOOD}
    assert folders.notes == ["model.pkl: it cannot be moved: No name is free for it"]


def _moved_of(folders: Folders, name: str, data: bytes) -> list[str]:
    folders.put(name, data)
    folders.once()
    return [moved.report.sha256 for moved in folders.moved if moved.report is not None]


def test_a_link_among_kept_files_is_not_followed(folders: Folders) -> None:
    (folders.top / "elsewhere").write_bytes(OTHER)
    (folders.accepted / "model.pkl").symlink_to("../elsewhere")
    folders.put("model.pkl", GOOD)
    folders.once()
    assert (folders.top / "elsewhere").read_bytes() == OTHER
    assert list(folders.contents(folders.accepted).values()) == [GOOD]


def test_a_dropped_report_does_not_pass_for_ours(folders: Folders) -> None:
    folders.put("bad.pkl.report.json", b"{}")
    folders.put("bad.pkl.report.txt", b"ACCEPT")
    folders.once()
    folders.put("bad.pkl", BAD)
    folders.once()
    (moved,) = [moved for moved in folders.moved if moved.path == "bad.pkl"]
    assert moved.to.name != "bad.pkl"
    assert moved.to.with_name(f"{moved.to.name}.report.txt").read_text().startswith("REFUSE")


def test_a_folder_where_a_file_is_kept_costs_nobody_a_file(folders: Folders) -> None:
    folders.put("model.pkl", GOOD)
    folders.once()
    folders.put("model.pkl/inner.pkl", OTHER)
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}
    assert folders.contents(folders.drop) == {"model.pkl/inner.pkl": OTHER}


# -- what is not a file ----------------------------------------------------------------------------


def test_links_pipes_and_sockets_are_not_touched(folders: Folders) -> None:
    secret = folders.top / "secret"
    secret.mkdir()
    (secret / "key.pkl").write_bytes(GOOD)
    (folders.drop / "file.pkl").symlink_to("../secret/key.pkl")
    (folders.drop / "folder").symlink_to("../secret")
    os.mkfifo(folders.drop / "pipe.pkl")
    with socket.socket(socket.AF_UNIX) as listener:
        # The path to a socket is short.
        os.chdir(folders.drop)
        listener.bind("socket.pkl")
        folders.once()
    assert folders.moved == []
    assert (secret / "key.pkl").read_bytes() == GOOD
    assert len(folders.notes) == 4
    there = {path.name for path in folders.drop.iterdir()}
    assert there == {CLAIMED, "file.pkl", "folder", "pipe.pkl", "socket.pkl"}


@pytest.mark.guarantee("G25")
def test_a_file_that_becomes_a_link_before_it_is_claimed_is_not_followed(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = folders.top / "secret.pkl"
    secret.write_bytes(GOOD)
    path = folders.put("model.pkl", OTHER)
    real = is_being_written

    def swapped(descriptor: int) -> bool | None:
        if not path.is_symlink():
            path.unlink()
            path.symlink_to(secret)
        return real(descriptor)

    monkeypatch.setattr(watching, "is_being_written", swapped)
    folders.once()
    assert folders.moved == []
    assert folders.contents(folders.accepted) == folders.contents(folders.quarantine) == {}
    # It lies where it was dropped.
    assert path.is_symlink()


def test_a_folder_that_takes_the_place_of_a_file_is_not_entered(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folders.put("model.pkl", OTHER)

    def swapped(descriptor: int) -> bool | None:
        if not path.is_dir():
            path.unlink()
            folders.put("model.pkl/inner.pkl", GOOD)
        return is_being_written(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(watching, "is_being_written", swapped)
        folders.once()
    assert folders.moved == []
    assert folders.contents(folders.drop) == {"model.pkl/inner.pkl": GOOD}


def test_a_folder_of_somebody_else_among_the_claims_is_not_entered(folders: Folders) -> None:
    folders.once()
    folders.put(f"{CLAIMED}/theirs/model.pkl", GOOD)
    (folders.drop / CLAIMED / "theirs").chmod(0o777)
    folders.once()
    assert folders.moved == []


@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_a_folder_for_claims_that_others_may_enter_is_not_used(folders: Folders, mode: int) -> None:
    (folders.drop / CLAIMED).mkdir()
    (folders.drop / CLAIMED).chmod(mode)
    with pytest.raises(UsageError) as refusal:
        folders.once()
    assert refusal.value.code == "drop-claimed"


@pytest.mark.guarantee("G25")
def test_a_link_in_place_of_the_folder_for_claims_is_not_followed(folders: Folders) -> None:
    (folders.top / "elsewhere").mkdir(mode=0o700)
    (folders.drop / CLAIMED).symlink_to("../elsewhere")
    folders.put("model.pkl", GOOD)
    with pytest.raises(UsageError) as refusal:
        folders.once()
    assert refusal.value.code == "drop-unusable"
    assert not any((folders.top / "elsewhere").iterdir())


# -- between the audit and the move ----------------------------------------------------------------


def during_the_audit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once a file was read and audited, before it is kept."""
    acted: list[int] = []

    def audited(*given: Any) -> Any:
        found = answer(*given)
        if not acted:
            acted.append(1)
            act()
        return found

    monkeypatch.setattr(watching, "answer", audited)


@pytest.mark.guarantee("G25")
def test_what_takes_the_place_of_an_audited_file_is_another_file(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.put("model.pkl", GOOD)
    during_the_audit(monkeypatch, lambda: folders.put("model.pkl", BAD))
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}
    assert folders.contents(folders.drop) == {"model.pkl": BAD}
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}
    assert folders.contents(folders.quarantine)["model.pkl"] == BAD


@pytest.mark.guarantee("G25")
def test_what_is_written_into_an_audited_file_is_audited_before_it_is_moved(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system that has no leases.
    monkeypatch.setattr(watching, "is_being_written", lambda descriptor: None)
    folders.put("model.pkl", GOOD)
    claimed = folders.drop / CLAIMED / "model.pkl"
    during_the_audit(monkeypatch, lambda: claimed.write_bytes(BAD))
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}
    assert folders.contents(folders.quarantine)["model.pkl"] == BAD
    assert folders.is_done()


@leases
@pytest.mark.guarantee("G25")
def test_nobody_writes_into_a_file_while_it_is_audited(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.put("model.pkl", GOOD)
    claimed = folders.drop / CLAIMED / "model.pkl"
    refused: list[int | None] = []

    def write() -> None:
        try:
            os.close(os.open(claimed, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            refused.append(error.errno)

    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        during_the_audit(monkeypatch, write)
        folders.once()
    finally:
        signal.signal(signal.SIGIO, before)
    assert refused == [errno.EWOULDBLOCK]
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}


@leases
def test_a_file_that_somebody_writes_to_stays(folders: Folders) -> None:
    path = folders.put("model.pkl", b"")
    with path.open("wb") as writer:
        writer.write(GOOD[:3])
        writer.flush()
        folders.once()
        assert folders.moved == []
        writer.write(GOOD[3:])
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}


@leases
def test_a_claimed_file_that_somebody_writes_to_goes_back(folders: Folders) -> None:
    folders.once()
    path = claim(folders, "of/model.pkl", GOOD)
    with path.open("ab"):
        folders.once()
    assert folders.contents(folders.drop) == {"of/model.pkl": GOOD}


# -- what cannot be read, or kept ------------------------------------------------------------------

SMALL = Judging.of(None, (), Limits(bytes_in=8))


def test_a_file_that_is_too_large_is_in_quarantine_whole(folders: Folders) -> None:
    folders.put("large.pkl", GOOD)
    folders.once(SMALL)
    kept = folders.contents(folders.quarantine)
    assert kept["large.pkl"] == GOOD
    assert kept["large.pkl.report.txt"].startswith(b"INCOMPLETE large.pkl")
    assert folders.is_done()


@pytest.mark.skipif(MEMORY is None, reason="there is no second file system")
def test_files_go_to_other_file_systems(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        folders = Folders(tmp_path)
        for folder in (folders.accepted, folders.quarantine):
            folder.rmdir()
            (Path(memory) / folder.name).mkdir()
            folder.symlink_to(Path(memory) / folder.name)
        folders.put("good.pkl", GOOD)
        folders.put("bad.pkl", BAD)
        folders.once()
        folders.put("large.pkl", GOOD)
        folders.once(SMALL)
        assert folders.contents(folders.accepted) == {"good.pkl": GOOD}
        kept = folders.contents(folders.quarantine)
        assert (kept["bad.pkl"], kept["large.pkl"]) == (BAD, GOOD)
        assert folders.is_done()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_in_quarantine(folders: Folders) -> None:
    folders.put("secret.pkl", GOOD).chmod(0)
    folders.once()
    assert (folders.quarantine / "secret.pkl").exists()
    assert (folders.quarantine / "secret.pkl.report.txt").exists()
    assert folders.is_done()


def test_a_full_disk_costs_nobody_a_file(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **more: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    folders.put("model.pkl", GOOD)
    with monkeypatch.context() as patched:
        patched.setattr(Keeping, "keep", full)
        folders.once()
    assert folders.contents(folders.drop) == {"model.pkl": GOOD}
    assert folders.notes == ["model.pkl: it cannot be moved: No space left on device"]
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}


def test_a_folder_that_is_gone_is_not_made_anew_elsewhere(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when a disk is taken away from below it.
    folders.put("of/model.pkl", GOOD)
    during_the_audit(monkeypatch, folders.accepted.rmdir)
    folders.once()
    assert not folders.accepted.exists()
    assert folders.contents(folders.drop) == {"of/model.pkl": GOOD}
    assert folders.notes == ["of/model.pkl: it cannot be moved: No such file or directory"]


def test_an_error_of_ours_keeps_no_other_file_waiting(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(candidate: Any, *given: Any) -> Any:
        if candidate.name == "a.pkl":
            raise RuntimeError("a bug")
        return answer(candidate, *given)

    monkeypatch.setattr(watching, "answer", failing)
    folders.put("a.pkl", GOOD)
    folders.put("b.pkl", GOOD)
    folders.once()
    assert folders.contents(folders.accepted) == {"b.pkl": GOOD}
    assert folders.contents(folders.quarantine)["a.pkl"] == GOOD
    (report,) = [moved.report for moved in folders.moved if not moved.accepted]
    assert report is not None
    assert report.verdict is Verdict.INCOMPLETE


# -- signatures ------------------------------------------------------------------------------------

SIGNATURE = signature_of(GOOD)


@pytest.mark.parametrize("order", ["together", "model first", "signature first"])
@pytest.mark.parametrize("data", [GOOD, BAD])
def test_a_signature_goes_where_its_model_goes(folders: Folders, order: str, data: bytes) -> None:
    dropped = {"of/model.pkl": data, "of/model.pkl.sig": signature_of(data)}
    names = sorted(dropped, reverse=order == "signature first")
    for name in names:
        folders.put(name, dropped[name])
        if order != "together":
            folders.once()
    folders.once()
    kept = folders.contents(folders.accepted if data == GOOD else folders.quarantine)
    assert {name: kept.get(name) for name in dropped} == dropped
    assert folders.is_done()


def test_a_signature_follows_a_model_that_had_to_take_another_name(folders: Folders) -> None:
    folders.put("model.pkl", OTHER)
    folders.once()
    folders.put("model.pkl", GOOD)
    folders.put("model.pkl.sig", SIGNATURE)
    folders.once()
    (moved,) = [moved for moved in folders.moved if moved.to.name != "model.pkl"]
    assert folders.contents(folders.accepted) == {
        "model.pkl": OTHER,
        moved.to.name: GOOD,
        f"{moved.to.name}.sig": SIGNATURE,
    }


def test_a_signature_of_another_model_waits(folders: Folders) -> None:
    folders.put("model.pkl", OTHER)
    folders.put("model.pkl.sig", SIGNATURE)
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": OTHER}
    assert folders.contents(folders.drop) == {"model.pkl.sig": SIGNATURE}
    assert folders.notes == ["model.pkl.sig: it is a signature, and waits for its model"]


@pytest.mark.guarantee("G25")
@pytest.mark.parametrize("data", [BAD, GOOD, b"{}", SIGNATURE + BAD, b""])
def test_what_is_called_a_signature_and_is_none_is_not_accepted(
    folders: Folders, data: bytes
) -> None:
    folders.put("model.pkl", OTHER)
    folders.put("model.pkl.sig", data)
    folders.once()
    accepted = folders.contents(folders.accepted)
    # A harmless pickle of that name is accepted for what it is.
    assert accepted == {"model.pkl": OTHER, **({"model.pkl.sig": GOOD} if data == GOOD else {})}
    assert folders.is_done()


def test_a_second_signature_does_not_replace_the_first(folders: Folders) -> None:
    folders.put("model.pkl", GOOD)
    folders.put("model.pkl.sig", SIGNATURE)
    folders.once()
    second = SIGNATURE + b"\n"
    folders.put("model.pkl.sig", second)
    folders.once()
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD, "model.pkl.sig": SIGNATURE}
    assert folders.contents(folders.quarantine)["model.pkl.sig"] == second


# -- runs ------------------------------------------------------------------------------------------


def test_what_a_killed_run_had_claimed_is_handled(folders: Folders) -> None:
    folders.once()
    claim(folders, "a/b/good.pkl", GOOD)
    claim(folders, "good.pkl", OTHER)
    folders.once()
    assert folders.contents(folders.accepted) == {"a/b/good.pkl": GOOD, "good.pkl": OTHER}
    assert folders.is_done()


def test_what_a_killed_run_left_unfinished_is_swept(folders: Folders) -> None:
    left = folders.accepted / ".safeload-0123456789abcdef"
    left.mkdir(mode=0o700)
    (left / ".safeload-part-new-0").write_bytes(OTHER)
    folders.once()
    assert not any(folders.accepted.iterdir())


@leases
def test_what_failed_is_tried_again_when_nothing_else_happens(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = Keeping.keep, []

    def keep(*given: Any) -> Any:
        tried.append(given)
        if len(tried) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given)

    class DoneError(Exception):
        pass

    def moved(one: watching.Moved) -> None:
        raise DoneError

    monkeypatch.setattr(Keeping, "keep", keep)
    monkeypatch.setattr(watching, "_PATIENCE", 2)
    monkeypatch.setattr(arrivals, "_PAUSE", 1)
    folders.put("model.pkl", GOOD)
    with pytest.raises(DoneError):
        watch(
            folders.drop,
            accepted=folders.accepted,
            quarantine=folders.quarantine,
            judging=Judging.of(None, (), None),
            moved=moved,
            note=folders.notes.append,
        )
    assert folders.contents(folders.accepted) == {"model.pkl": GOOD}


def test_one_process_watches_a_folder(folders: Folders) -> None:
    folders.once()
    descriptor = os.open(folders.drop / CLAIMED, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(UsageError) as refusal:
            folders.once()
    finally:
        os.close(descriptor)
    assert refusal.value.code == "drop-busy"


@pytest.mark.parametrize(
    ("drop", "accepted", "quarantine", "code"),
    [
        ("missing", "a", "b", "drop-unusable"),
        ("a", "missing", "b", "folder-missing"),
        ("a", "b", "b/c", "folders-meet"),
        ("a", "a", "b", "folders-meet"),
        ("b/c", "a", "b", "folders-meet"),
        ("a", "link", "b", "folders-meet"),
        ("a/file", "b", "b/c", "folders-meet"),
    ],
)
def test_the_three_folders_are_there_and_apart(
    tmp_path: Path, drop: str, accepted: str, quarantine: str, code: str
) -> None:
    for name in ("a", "b/c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(UsageError) as refusal:
        watch(
            tmp_path / drop,
            accepted=tmp_path / accepted,
            quarantine=tmp_path / quarantine,
            judging=Judging.of(None, (), None),
            moved=print,
            note=print,
            once=True,
        )
    assert refusal.value.code == code


@pytest.mark.guarantee("G25")
@pytest.mark.parametrize("step", ["40", pytest.param("1", marks=pytest.mark.slow)])
def test_killed_at_any_step_nothing_is_lost_and_nothing_is_there_unaudited(step: str) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.watching.killing", step],
        cwd=Path(__file__).parent.parent.parent,
        stdout=subprocess.PIPE,
        check=True,
    )
    outcome = json.loads(child.stdout.splitlines()[-1])
    if "skipped" in outcome:
        pytest.skip(outcome["skipped"])
    assert outcome["wrong"] == []
    assert outcome["stops"] >= 100
