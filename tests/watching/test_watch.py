"""``safeload watch`` as a process of its own, told by the kernel of what is dropped.

Nothing waits for a time: what is to be handled is awaited by the line that says so, and what is to
be left alone by the line about a file that was dropped after it.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.watching.folders import BAD, GOOD, OTHER, Folders, claim, signature_of
from tests.writing.scenarios import MEMORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has inotify")

# Nobody waits as long for a line; a process that says none fails the test.
PATIENCE = 120.0


class Process:
    """A process that watches."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._text = b""
        self.child = subprocess.Popen(
            [
                *(sys.executable, "-m", "safeload", "watch", str(folders.drop)),
                *("--accepted", str(folders.accepted), "--quarantine", str(folders.quarantine)),
                *("--format", "json"),
            ],
            cwd=folders.top,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def next(self) -> dict[str, Any]:
        """The next line; an error if there is none."""
        assert self.child.stdout is not None
        while b"\n" not in self._text:
            ready, _, _ = select.select([self.child.stdout], [], [], PATIENCE)
            assert ready
            more = os.read(self.child.stdout.fileno(), 65536)
            assert more, self.child.stderr
            self._text += more
        line, _, self._text = self._text.partition(b"\n")
        moved: dict[str, Any] = json.loads(line)
        return moved

    def until(self, *paths: str) -> dict[str, dict[str, Any]]:
        """All lines until these files were moved."""
        seen: dict[str, dict[str, Any]] = {}
        while not set(paths) <= seen.keys():
            moved = self.next()
            seen[moved["path"]] = moved
        return seen

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit code, and what it said on standard error."""
        self.child.send_signal(number)
        _, said = self.child.communicate()
        return self.child.returncode, said.decode()


@pytest.fixture(scope="module")
def shared() -> Iterator[Process]:
    """One process for tests that drop files of names of their own."""
    top = Path(tempfile.mkdtemp(prefix="safeload-tests-", dir=MEMORY))
    folders = Folders(top)
    folders.put("present/at/start.pkl", GOOD)
    process = Process(folders)
    try:
        process.until("present/at/start.pkl")
        yield process
    finally:
        process.child.kill()
        process.child.communicate()
        shutil.rmtree(top)


def after(process: Process, name: str) -> dict[str, dict[str, Any]]:
    """All that was moved until a file that is dropped now."""
    process.folders.put(name, GOOD)
    return process.until(name)


def test_what_is_there_at_the_start_is_handled(shared: Process) -> None:
    assert (shared.folders.accepted / "present" / "at" / "start.pkl").read_bytes() == GOOD


def test_what_is_written_and_closed_is_handled(shared: Process) -> None:
    shared.folders.put("written.pkl", BAD)
    moved = shared.until("written.pkl")["written.pkl"]
    assert (moved["verdict"], moved["accepted"]) == ("refuse", False)
    assert Path(moved["to"]).read_bytes() == BAD
    assert {path.name for path in shared.folders.quarantine.glob("written*")} == {
        "written.pkl",
        "written.pkl.report.json",
        "written.pkl.report.txt",
    }


def test_what_is_being_written_waits_for_its_end(shared: Process) -> None:
    path = shared.folders.drop / "slow.pkl"
    with path.open("wb") as writer:
        writer.write(GOOD[:4])
        writer.flush()
        assert after(shared, "sentinel-1.pkl").keys() == {"sentinel-1.pkl"}
        writer.write(GOOD[4:])
    assert shared.until("slow.pkl")["slow.pkl"]["verdict"] == "accept"
    assert (shared.folders.accepted / "slow.pkl").read_bytes() == GOOD


def test_a_partial_file_is_handled_once_it_has_its_name(shared: Process) -> None:
    path = shared.folders.put("download.pkl.part", GOOD)
    assert after(shared, "sentinel-2.pkl").keys() == {"sentinel-2.pkl"}
    path.rename(path.with_name("download.pkl"))
    assert shared.until("download.pkl").keys() == {"download.pkl"}


def test_what_is_moved_in_while_it_is_written_waits(shared: Process) -> None:
    outside = shared.folders.top / "outside.pkl"
    with outside.open("wb") as writer:
        writer.write(GOOD[:4])
        writer.flush()
        outside.rename(shared.folders.drop / "inside.pkl")
        assert after(shared, "sentinel-3.pkl").keys() == {"sentinel-3.pkl"}
        writer.write(GOOD[4:])
    assert shared.until("inside.pkl")["inside.pkl"]["verdict"] == "accept"


def test_a_file_that_is_linked_in_is_handled(shared: Process) -> None:
    outside = shared.folders.top / "linked.pkl"
    outside.write_bytes(GOOD)
    os.link(outside, shared.folders.drop / "linked.pkl")
    shared.until("linked.pkl")
    assert outside.read_bytes() == GOOD


def test_folders_are_handled_however_they_come(shared: Process) -> None:
    outside = shared.folders.top / "tree"
    (outside / "of" / "folders").mkdir(parents=True)
    (outside / "of" / "folders" / "a.pkl").write_bytes(GOOD)
    (outside / "b.pkl").write_bytes(BAD)
    outside.rename(shared.folders.drop / "tree")
    shared.until("tree/of/folders/a.pkl", "tree/b.pkl")
    # The folders are watched now, and others that are made.
    shared.folders.put("tree/of/folders/c.pkl", GOOD)
    shared.folders.put("tree/new/d.pkl", GOOD)
    shared.until("tree/of/folders/c.pkl", "tree/new/d.pkl")
    (shared.folders.drop / "tree").rename(shared.folders.drop / "renamed")
    shared.folders.put("renamed/of/e.pkl", GOOD)
    shared.until("renamed/of/e.pkl")


def test_a_folder_that_is_moved_away_is_watched_no_more(shared: Process) -> None:
    shared.folders.put("away/a.pkl", GOOD)
    shared.until("away/a.pkl")
    (shared.folders.drop / "away").rename(shared.folders.top / "away")
    (shared.folders.top / "away" / "b.pkl").write_bytes(GOOD)
    assert after(shared, "sentinel-4.pkl").keys() == {"sentinel-4.pkl"}
    assert (shared.folders.top / "away" / "b.pkl").exists()


def test_a_pair_that_is_copied_arrives_as_a_pair(shared: Process) -> None:
    shared.folders.put("pair.pkl", OTHER)
    shared.folders.put("pair.pkl.sig", signature_of(OTHER))
    shared.until("pair.pkl")
    after(shared, "sentinel-5.pkl")
    assert (shared.folders.accepted / "pair.pkl").read_bytes() == OTHER
    assert (shared.folders.accepted / "pair.pkl.sig").read_bytes() == signature_of(OTHER)


def test_what_the_kernel_had_no_room_to_tell_is_handled(shared: Process) -> None:
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    if room > 1 << 15:
        pytest.skip("the kernel has room for very much")
    shared.child.send_signal(signal.SIGSTOP)
    # Of two events that are alike, the kernel tells once; so there are two files that take turns.
    hidden = [shared.folders.drop / ".x", shared.folders.drop / ".y"]
    for number in range(room + 2):
        hidden[number % 2].touch()
    shared.folders.put("untold.pkl", GOOD)
    shared.folders.put("untold/below.pkl", GOOD)
    shared.child.send_signal(signal.SIGCONT)
    shared.until("untold.pkl", "untold/below.pkl")


# -- ends ------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_a_signal_ends_it_in_order_and_the_next_run_goes_on(folders: Folders) -> None:
    folders.put("first.pkl", GOOD)
    process = Process(folders)
    process.until("first.pkl")
    code, said = process.end()
    assert (code, said) == (128 + signal.SIGTERM, "ended by SIGTERM\n")
    folders.put("second.pkl", GOOD)
    # What a killed run had in its hands.
    claim(folders, "of/third.pkl", GOOD)
    process = Process(folders)
    process.until("second.pkl", "of/third.pkl")
    process.end()
    assert folders.is_done()


def test_killed_again_and_again_it_loses_nothing(folders: Folders) -> None:
    dropped = {f"{number}.pkl": GOOD if number % 2 else BAD for number in range(12)}
    for name, data in dropped.items():
        folders.put(name, data)
    # Each time it is killed somewhere behind another line.
    for lines in (1, 3):
        process = Process(folders)
        for _ in range(lines):
            process.next()
        process.end(signal.SIGKILL)
        there = folders.contents(folders.accepted)
        assert set(there.values()) <= {GOOD}
    folders.once()
    good = {name: data for name, data in dropped.items() if data == GOOD}
    assert folders.contents(folders.accepted) == good
    kept = folders.contents(folders.quarantine)
    assert {name: data for name, data in kept.items() if ".report." not in name} == {
        name: data for name, data in dropped.items() if data == BAD
    }
    assert len(kept) == 3 * 6
    assert folders.is_done()


def test_it_ends_when_the_drop_folder_is_gone(folders: Folders) -> None:
    folders.put("first.pkl", GOOD)
    process = Process(folders)
    process.until("first.pkl")
    folders.drop.rename(folders.top / "elsewhere")
    _, said = process.child.communicate()
    assert process.child.returncode == 3
    assert b": drop-gone: " in said


def test_without_the_library_it_says_which_extra_to_install(folders: Folders) -> None:
    code = (
        "import sys; sys.modules['inotify_simple'] = None\n"
        "from safeload.cli.main import main\n"
        "sys.exit(main(['watch', 'drop', '--accepted', 'accepted', '--quarantine', 'quarantine', "
        "*sys.argv[1:]]))"
    )
    folders.put("first.pkl", GOOD)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folders.top, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert ": extra-missing: " in done.stderr
    assert "safeload[watch]" in done.stderr
    once = subprocess.run(
        [*command, "--once"], cwd=folders.top, capture_output=True, text=True, check=False
    )
    assert (once.returncode, once.stdout) == (0, "ACCEPT     first.pkl -> accepted/first.pkl\n")
