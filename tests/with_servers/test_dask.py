"""A Dask cluster of two workers says what one process says, whatever becomes of its workers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

import safeload
from safeload.auditing import cluster, jobs
from safeload.errors import UsageError
from safeload.report.json import as_json
from safeload.verdict import Verdict
from tests.auditing import killers
from tests.auditing.sources.hostile import Server, serving
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
ROOT = Path(__file__).parents[2]
SCHEDULER = ["-m", "distributed.cli.dask_scheduler"]
WORKER = ["-m", "distributed.cli.dask_worker"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("dask")
    quiet = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "50"}
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file"]
    told = str(folder / "scheduler.json")
    processes = [
        subprocess.Popen([sys.executable, *SCHEDULER, *options, told], cwd=folder, env=quiet)
    ]
    try:
        worker = [*WORKER, "--scheduler-file", told, "--nthreads", "1", "--no-dashboard"]
        processes += [
            subprocess.Popen([sys.executable, *worker, "--name", name], cwd=folder, env=quiet)
            for name in ("one", "two")
        ]
        with Client(scheduler_file=told, timeout=120, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
            yield str(client.scheduler_info()["address"])
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.pkl").write_bytes(pickle.dumps({"number": number}))
    (folder / "evil.pkl").write_bytes(EVIL)
    (folder / "notes.txt").write_text("Nothing to see here.")
    return folder


def test_the_report_is_that_of_one_process_to_the_byte(
    address: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    assert as_json(safeload.audit("tree", dask=address)) == as_json(safeload.audit("tree"))


def test_workers_fetch_addresses_themselves(address: str) -> None:
    with serving(Server()) as server:
        url = server.url("legitimate.pkl")
        assert as_json(safeload.audit(url, dask=address)) == as_json(safeload.audit(url))
        assert [path for path, _ in server.asked] == ["/legitimate.pkl"] * 2


def test_a_worker_that_is_killed_midway_loses_nothing(
    address: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = as_json(safeload.audit(tree))
    mark = tree.parent / "killed"
    monkeypatch.setattr(jobs, "_work", killers.once(mark))
    assert as_json(safeload.audit(tree, dask=address)) == alone
    assert mark.exists()


def test_a_file_that_ends_each_worker_costs_itself_alone(
    address: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = safeload.audit(tree)
    (tree / "killer.pkl").write_bytes(pickle.dumps("a file that ends its reader"))
    monkeypatch.setattr(jobs, "_work", killers.work)
    report = safeload.audit(tree, dask=address)
    (killer,) = set(report.files) - set(alone.files)
    assert [file for file in report.files if file != killer] == list(alone.files)
    assert (killer.verdict, killer.findings[0].rule) == (Verdict.INCOMPLETE, "SL012")


def test_a_worker_keeps_nothing_in_our_cache(address: str, tree: Path, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "audit.sqlite"
    safeload.audit(tree, dask=address, cache=kept)
    size = kept.stat().st_size
    safeload.audit(tree, cache=kept)
    assert kept.stat().st_size > size


def test_workers_that_judge_otherwise_are_not_asked(
    address: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safeload, "__version__", "0.0.0")
    with pytest.raises(UsageError) as caught:
        safeload.audit(tree, dask=address)
    assert caught.value.code == "cluster-differs"


def test_a_scheduler_that_does_not_answer_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    for wrong in ("tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:1"):
        with pytest.raises(UsageError) as caught:
            safeload.audit(tree, dask=wrong)
        assert caught.value.code == "cluster-unreachable"
