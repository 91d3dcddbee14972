"""Many processes lose no record and meet no lock; one that is killed loses what it was writing."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from safeload.ledger.database import Ledger
from tests.ledger.releases import Releases
from tests.writing.scenarios import ONE_THREAD
from tests.writing.tracing import reason_not_to_trace

ROOT = Path(__file__).parent.parent.parent


def begin(folder: Path, how: str, loads: int, seed: int) -> subprocess.Popen[str]:
    """Begin a process that loads releases, or records that it did."""
    return subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-m", "tests.ledger.many"),
            *map(str, (folder, how, loads, seed)),
        ],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
        text=True,
    )


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def at_once(folder: Path, how: str, processes: int, loads: int) -> None:
    """Load in several processes, and compare what they say with what the ledger does."""
    running = [begin(folder, how, loads, seed) for seed in range(processes)]
    said: Counter[str] = Counter()
    for process in running:
        said.update((process.communicate()[0]).split())
        assert process.returncode == 0

    path = folder / "ledger.sqlite"
    records = list(Ledger(path).records())
    assert said.total() == len(records) == processes * loads
    # Nobody waited in vain, and nothing else went wrong either.
    assert set(said) == {"accepted", "rollback"}
    assert Counter(record.code or record.verdict for record in records) == said
    # In the order of the ledger, nothing is older than what was accepted before it.
    serials = [record.serial for record in records if record.verdict == "accepted"]
    assert serials == sorted(serials, key=lambda serial: serial or 0)
    assert is_whole(path)


@pytest.mark.guarantee("G26")
def test_processes_at_once_lose_nothing_and_none_goes_back(memory: Path) -> None:
    at_once(memory, "record", 4, 50)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["memory", "disk"])
def test_sixteen_processes_record_ten_thousand_loads(
    signed: Releases, memory: Path, tmp_path: Path, where: str
) -> None:
    copy = (memory if where == "memory" else tmp_path) / "work"
    shutil.copytree(signed.folder, copy)
    at_once(copy, "load", 16, 625)


FORKING = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from safeload.ledger.database import Ledger
from tests.ledger.told import accepted

ledger = Ledger(Path(sys.argv[1]))
def add(_):
    ledger.add(accepted(1))
with ThreadPoolExecutor(3) as pool:
    added = [pool.submit(add, number) for number in range(90)]
    for number in range(10):
        child = os.fork()
        if not child:
            add(number)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    for each in added:
        each.result()
print(len(list(ledger.records())))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
def test_forks_of_a_process_whose_threads_record_lose_nothing(memory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, memory / "ledger.sqlite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "100\n"), done.stderr
    assert is_whole(memory / "ledger.sqlite")


# -- killed ----------------------------------------------------------------------------------------


def killed_at_random(folder: Path, how: str, times: int) -> None:
    """Kill a process again and again, each time after some of its loads are known to be over."""
    luck, ledger = random.Random(7), Ledger(folder / "ledger.sqlite")  # no secret
    over = 0
    for seed in range(times):
        process = begin(folder, how, 10_000, seed)
        assert process.stdout is not None
        for _ in range(luck.randint(1, 40)):
            assert process.stdout.readline()
            over += 1
        process.kill()
        # What it had said when it was killed.
        over += len(process.stdout.read().split())
        process.stdout.close()
        process.wait()
        # One more may be written whose line was not.
        found = len(list(ledger.records()))
        assert found - over in (0, 1)
        over = found
    assert is_whole(ledger.path)


@pytest.mark.guarantee("G26")
def test_a_process_that_is_killed_loses_no_record_of_what_is_over(memory: Path) -> None:
    killed_at_random(memory, "record", 4)


@pytest.mark.slow
def test_processes_that_are_killed_again_and_again_lose_no_record(releases: Releases) -> None:
    killed_at_random(releases.folder, "load", 60)


KILLING = """
import shutil, sys
from pathlib import Path
from safeload.ledger.database import Ledger
from tests.ledger.told import accepted
from tests.writing.tracing import kill_at

kept, folder = Path(sys.argv[1]), Path(sys.argv[2])
every, fresh = "every" in sys.argv, "fresh" in sys.argv
ledger = Ledger(folder / "ledger.sqlite")
if not fresh:
    for serial in (1, 2):
        ledger.add(accepted(serial))
before = [] if fresh else [1, 2]
seen, stops = set(), 0
while True:
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    copy = Ledger(kept / "ledger.sqlite")
    stop = kill_at(
        lambda: (copy.require_current("churn", 3, reason=None), copy.add(accepted(3))),
        stops,
        every=every,
    )
    # Whoever comes next finds the old state or the new one, and can go on.
    copy.require_current("churn", 3, reason=None)
    serials = [record.serial for record in copy.records()]
    assert serials in (before, [*before, 3]), (stop, serials)
    copy.add(accepted(4))
    assert [record.serial for record in copy.records()] == [*serials, 4], stop
    left = {path.name for path in kept.iterdir()} - {"ledger.sqlite"}
    # Whoever was killed while making it leaves what the next writer in the folder sweeps.
    assert fresh or not left, (stop, left)
    seen.add(len(serials) > len(before))
    if stop is None:
        break
    stops += 1
print(stops, sorted(seen), serials)
"""


def killed_everywhere(memory: Path, *how: str) -> None:
    if reason := reason_not_to_trace():
        pytest.skip(reason)
    folder = memory / "before"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLING, memory / "kept", folder, *how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stops, states = done.stdout.split(" ", 1)
    assert int(stops) >= 10
    # It was killed before and after the record came about, and came to its end at last.
    assert states.startswith("[False, True]")


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("how", ["there", "fresh"])
def test_killed_at_any_call_that_changes_files_the_record_is_there_or_not(
    memory: Path, how: str
) -> None:
    killed_everywhere(memory, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["there", "fresh"])
def test_killed_at_any_system_call_the_record_is_there_or_not(memory: Path, how: str) -> None:
    killed_everywhere(memory, how, "every")
