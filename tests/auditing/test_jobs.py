"""Files are read by several processes, and no file and no lost process stops the others."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import safeload
from safeload.auditing import jobs
from safeload.auditing.jobs import Task
from safeload.auditing.judging import Judging
from safeload.auditing.walk import Candidate
from safeload.auditing.workers import bounded, share
from safeload.limits import Limits
from safeload.report.json import as_json
from safeload.verdict import Verdict
from tests.auditing import killers
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.pkl").write_bytes(pickle.dumps({"number": number}))
    (folder / "evil.pkl").write_bytes(EVIL)
    (folder / "notes.txt").write_text("Nothing to see here.")
    return folder


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are started however little there is to do."""
    monkeypatch.setattr(jobs, "_START", 0.0)


@pytest.mark.usefixtures("workers")
def test_workers_change_nothing_of_a_report_and_one_that_is_ended_costs_its_file_alone(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # What lies in the current folder is not a module of a worker's.
    monkeypatch.chdir(tmp_path)
    for name in ("joblib", "numpy", "pickle", "safeload"):
        Path(f"{name}.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    alone = safeload.audit(tree)
    assert as_json(safeload.audit(tree, jobs=2)) == as_json(alone)

    (tree / "killer.pkl").write_bytes(pickle.dumps("a file that ends its reader"))
    monkeypatch.setattr(jobs, "_work", killers.work)
    report = safeload.audit(tree, jobs=2)

    others = [file for file in report.files if Path(file.path).name != "killer.pkl"]
    (killer,) = set(report.files) - set(others)
    assert others == list(alone.files)
    assert killer.verdict is Verdict.INCOMPLETE
    assert [finding.rule for finding in killer.findings] == ["SL012"]
    assert report.exit_code == 1
    assert not (tmp_path / "canary").exists()
    assert "PYTHONSAFEPATH" not in os.environ


@pytest.mark.usefixtures("workers")
def test_where_no_worker_can_be_started_files_are_read_all_the_same(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenExecutor

    monkeypatch.setattr(jobs._Loky, "work", broken)

    assert safeload.audit(tree, jobs=2) == safeload.audit(tree)


def test_few_files_start_no_worker(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_work", None)

    assert len(safeload.audit(tree, jobs=2).files) == 13


def test_every_file_is_in_one_batch_and_large_ones_are_given_out_first() -> None:
    tasks = [Task(n, Candidate(Path(f"{n}"), named=False), n * 1_000_000) for n in range(50)]

    batches = jobs._batches(tasks, 2)

    assert sorted(task.number for batch in batches for task in batch) == list(range(50))
    assert batches[-1][0].number == 49
    assert len(batches) > 2


def test_the_memory_of_a_worker_is_bounded_while_it_works_and_not_after() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGINT)
    with bounded(64 << 20), pytest.raises(MemoryError):
        bytearray(512 << 20)
    assert before == (resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGINT))
    assert share(1) >= share(2) >= 256 << 20


def test_a_file_that_a_share_of_memory_is_too_small_for_is_read_with_all_of_it(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[int] = []

    def starving(batch: list[Task], order: jobs._Order) -> list[str]:
        orders.extend(order.memory for _ in batch)
        # As in a worker whose memory does not suffice.
        lines = [json.loads(line) for line in worker(batch, replace(order, memory=0))]
        return [json.dumps([*parts[:-1], parts[-1] or order.memory > 0]) for parts in lines]

    class Here:
        def work(self, work, batches, *, jobs, ahead):  # type: ignore[no-untyped-def]
            return map(work, batches)

    worker = jobs._work
    monkeypatch.setattr(jobs, "_work", starving)
    monkeypatch.setattr(jobs, "_Loky", Here)
    monkeypatch.setattr(jobs, "_START", 0.0)

    assert as_json(safeload.audit(tree, jobs=2)) == as_json(safeload.audit(tree))
    assert min(orders) == 0 < max(orders)


def test_an_audit_that_is_ended_says_what_it_found_and_the_next_one_goes_on(
    tree: Path, tmp_path: Path
) -> None:
    from safeload.auditing.run import Audit

    for path in tree.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    work = Audit(tree, cache=tmp_path / "cache.sqlite")

    def ended(done):  # type: ignore[no-untyped-def]
        for number, candidate in enumerate(done):
            yield candidate
            if number == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.run(ended)

    report = work.report()
    assert (len(report.files), report.unfinished) == (5, 9)
    whole = safeload.audit(tree)
    assert report.files == whole.files[:5]
    assert as_json(safeload.audit(tree, cache=tmp_path / "cache.sqlite")) == as_json(whole)


def test_a_policy_that_cannot_be_used_is_an_error_though_there_is_nothing_to_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "team.toml").write_text("?")
    (tmp_path / "none").mkdir()

    with pytest.raises(safeload.UsageError):
        safeload.audit(tmp_path / "none", policy=tmp_path / "team.toml", jobs=2)


@pytest.mark.parametrize("number", [0, -1, True, "2", 1.5])
def test_a_number_of_jobs_is_a_whole_one_above_zero(tmp_path: Path, number: object) -> None:
    with pytest.raises(safeload.UsageError):
        safeload.audit(tmp_path, jobs=number)  # type: ignore[arg-type]


def test_a_way_of_judging_is_named_by_all_that_it_is_made_of(tmp_path: Path) -> None:
    policy = tmp_path / "team.toml"
    policy.write_text("")
    ways = [
        Judging.of(None, (), None),
        Judging.of(None, ["statsmodels"], None),
        Judging.of(None, (), Limits(opcodes=5)),
        Judging.of(policy, (), None),
    ]
    assert len({way.key for way in ways}) == len(ways)
    assert Judging.of(None, (), Limits()).key == ways[0].key
    assert Judging.of(safeload.Policy.default(), (), None).key is None


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(
    "line",
    [
        "",
        "5",
        "[" * 100_000,
        "[]",
        '[0, "[]", "", "", true, false]',
        '[99, "", "", "", true, false]',
    ],
)
def test_what_a_worker_sends_that_is_no_report_is_none(
    tree: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    class Lying:
        def work(self, work, batches, *, jobs, ahead):  # type: ignore[no-untyped-def]
            return ([line] for batch in batches if batch)

    monkeypatch.setattr(jobs, "_Loky", Lying)
    report = safeload.audit(tree, jobs=2)
    assert {file.verdict for file in report.files} == {Verdict.INCOMPLETE}
    assert {file.findings[0].rule for file in report.files} == {"SL012"}
