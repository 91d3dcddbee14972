"""The cache gives what was found, to the byte, and anything wrong with it costs only time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.artefact import Artefact
from safeload.auditing import identity, one
from safeload.auditing.cache import Cache
from safeload.auditing.judging import Judging
from safeload.auditing.rows import as_row, from_row
from safeload.report.json import as_json
from safeload.verdict import FileReport, Skipped
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
KEY = Judging.of(None, (), None).key or ""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of files that nobody has written to in a while."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "evil.png").write_bytes(EVIL)
    (folder / "notes.txt").write_text("Nothing to see here.")
    (folder / "later.pkl").write_bytes(b"\x80\x04]")
    joblib.dump(LogisticRegression().fit([[0], [1]], [0, 1]), folder / "model.joblib")
    monkeypatch.setattr(identity, "_SETTLED", -(10**18))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "audit.sqlite"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []
    read = Artefact.read.__func__  # type: ignore[attr-defined]

    def noted(cls, /, path, **options):  # type: ignore[no-untyped-def]
        names.append(Path(path).name)
        return read(cls, path, **options)

    monkeypatch.setattr(Artefact, "read", classmethod(noted))
    return names


def test_a_second_run_reads_nothing_and_says_the_same(
    tree: Path, cache: Path, reads: list[str]
) -> None:
    first = safeload.audit(tree, cache=cache)
    assert sorted(reads) == ["evil.png", "later.pkl", "model.joblib", "notes.txt"]
    reads.clear()

    second = safeload.audit(tree, cache=cache)

    assert reads == []
    assert second == first
    assert as_json(second) == as_json(safeload.audit(tree))


def test_rehash_reads_all_and_judges_nothing_twice(
    tree: Path, cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = safeload.audit(tree, cache=cache)
    reads.clear()
    monkeypatch.setattr(one, "scan", None)

    assert safeload.audit(tree, cache=cache, rehash=True) == first
    assert len(reads) == 4


def test_what_takes_the_place_of_a_file_is_read_though_size_and_time_are_the_same(
    tree: Path, cache: Path, reads: list[str]
) -> None:
    legitimate, times = b"\x80\x04N0N0N0N.", (1_000_000_000, 1_000_000_000)
    (tree / "changing.pkl").write_bytes(legitimate.ljust(len(EVIL), b"."))
    os.utime(tree / "changing.pkl", times)
    safeload.audit(tree, cache=cache)
    reads.clear()
    (tree / "changing.pkl").write_bytes(EVIL)
    os.utime(tree / "changing.pkl", times)

    report = safeload.audit(tree / "changing.pkl", cache=cache)

    assert reads == ["changing.pkl"]
    assert report.verdict == "refuse"


def test_a_file_that_was_written_a_moment_ago_is_read_again(
    tree: Path, cache: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_SETTLED", 10**18)
    safeload.audit(tree, cache=cache)
    reads.clear()
    safeload.audit(tree, cache=cache)
    assert len(reads) == 4


def test_a_file_that_was_named_is_not_what_was_skipped_before(tree: Path, cache: Path) -> None:
    assert not safeload.audit(tree, cache=cache).skipped[0].path.endswith("pkl")
    assert safeload.audit(tree / "notes.txt", cache=cache).verdict == "incomplete"
    assert len(safeload.audit(tree, cache=cache).skipped) == 1


def test_another_policy_another_limit_and_another_code_judge_anew(
    tree: Path, cache: Path, tmp_path: Path
) -> None:
    safeload.audit(tree, cache=cache)
    team = tmp_path / "team.toml"
    team.write_text(
        '[[group]]\nreason = "ours"\nuses = ["call"]\n[group.names]\n"posix" = ["system"]\n'
    )
    evil = tree / "evil.png"
    assert safeload.audit(evil, cache=cache, policy=team).verdict == "accept"
    assert safeload.audit(evil, cache=cache).verdict == "refuse"
    short = safeload.Limits(bytes_in=3)
    assert safeload.audit(evil, cache=cache, limits=short).verdict == "incomplete"
    with closing(Cache(cache, "0" * 64)) as other:
        assert other.known(Artefact.read(evil).sha256, "evil", listed=False) is None


def test_what_another_run_might_find_otherwise_is_not_kept(
    tree: Path, cache: Path, reads: list[str]
) -> None:
    short = safeload.Limits(stack=0)
    first = safeload.audit(tree / "model.joblib", cache=cache, limits=short)
    assert {finding.rule for finding in first.files[0].findings} == {"SL002"}
    reads.clear()
    safeload.audit(tree / "model.joblib", cache=cache, limits=short)
    assert reads == ["model.joblib"]


def test_two_audits_at_once_lose_nothing(tree: Path, cache: Path) -> None:
    ours, theirs = Cache(cache, KEY), Cache(cache, KEY)
    for each, digest in ((ours, "a" * 64), (theirs, "b" * 64)):
        report = FileReport("x", digest, 1, "pickle", safeload.Verdict.ACCEPT)
        each.keep(tree / digest[0], one.Answer(report, digest, "1:2", lasting=True), listed=True)
    ours.close()
    theirs.close()
    again = Cache(cache, KEY)
    assert again.known("a" * 64, "a", listed=True) is not None
    assert again.known("b" * 64, "b", listed=True) is not None
    assert again.digest_of(tree / "a", "1:2") == "a" * 64
    assert again.digest_of(tree / "a", "1:3") is None
    again.close()


def _corrupt(cache: Path) -> None:
    cache.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)


def _of_another_program(cache: Path) -> None:
    with sqlite3.connect(cache) as database:
        database.execute("PRAGMA application_id = 7")
    database.close()


def _of_a_later_release(cache: Path) -> None:
    with sqlite3.connect(cache) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def _others_may_write(cache: Path) -> None:
    cache.chmod(0o666)


def _others_may_put_a_journal_beside_it(cache: Path) -> None:
    cache.parent.chmod(0o1777)


def _no_file(cache: Path) -> None:
    cache.unlink()
    cache.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        _corrupt,
        _of_another_program,
        _of_a_later_release,
        _others_may_write,
        _others_may_put_a_journal_beside_it,
        _no_file,
    ],
)
def test_a_cache_that_cannot_be_used_is_said_and_is_none(
    tree: Path,
    cache: Path,
    spoil: Callable[[Path], None],
) -> None:
    first = safeload.audit(tree, cache=cache)
    spoil(cache)

    report = safeload.audit(tree, cache=cache)

    assert len(report.remarks) == 1
    assert (report.files, report.skipped) == (first.files, first.skipped)


def test_a_cache_that_lies_in_what_is_audited_is_none(tree: Path) -> None:
    report = safeload.audit(tree, cache=tree / "cache.sqlite")

    assert len(report.remarks) == 1
    assert not (tree / "cache.sqlite").exists()


@pytest.mark.parametrize(
    "row",
    [
        "",
        "{}",
        "[]",
        '["file"]',
        '["other","a"]',
        '["skipped",1]',
        '["skipped","a","b"]',
        "[" * 100_000,
        '["file","SHA",NaN,"pickle","accept",[],[],[],[],[]]',
        '["file","SHA",true,"pickle","accept",[],[],[],[],[]]',
        '["file","SHA",1,"pickle","splendid",[],[],[],[],[]]',
        '["file","SHA",1,"pickle","accept",[],[],[["SL101","x","",2]],[],[]]',
        '["file","' + "0" * 64 + '",1,"pickle","accept",[],[],[],[],[]]',
        b"\x80\x04N.",
    ],
)
def test_a_row_that_is_damaged_is_none(tree: Path, cache: Path, row: object) -> None:
    first = safeload.audit(tree, cache=cache)
    sha256 = next(file.sha256 for file in first.files if file.path.endswith("evil.png"))
    if isinstance(row, str):
        row = row.replace("SHA", sha256)
    with sqlite3.connect(cache) as database:
        database.execute("UPDATE verdicts SET report = ?", (row,))
    database.close()

    assert safeload.audit(tree, cache=cache) == first


def test_every_report_comes_back_as_it_was(tree: Path) -> None:
    report = safeload.audit(tree)
    found: list[FileReport | Skipped] = [*report.files, *report.skipped]
    for each in found:
        assert from_row(as_row(each), each.path) == each
    assert isinstance(from_row(as_row(report.skipped[0]), "elsewhere"), Skipped)
