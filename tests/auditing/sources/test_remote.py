"""Files of an object store are listed within bounds, read once, and never believed to stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import safeload
from safeload.auditing.run import AuditReport
from safeload.auditing.sources import addresses, remote
from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.report.json import as_json
from safeload.verdict import Verdict
from tests.auditing.sources.hostile import MODEL
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()


class Bucket(MemoryFileSystem):  # type: ignore[misc]
    """A store in this process, named as others are."""

    protocol = "bucket"
    root_marker = ""
    store: dict[str, Any] = {}  # noqa: RUF012  # as its base has it
    pseudo_dirs = [""]  # noqa: RUF012
    hostile: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        if path in self.hostile:
            return self.hostile[path]
        return super().ls(path, detail=detail, **kwargs)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = MemoryFileSystem._strip_protocol(path.removeprefix("bucket://"))
        return stripped


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    fsspec.register_implementation("bucket", Bucket, clobber=True)
    monkeypatch.setitem(addresses.STORES, "bucket", "remote")
    monkeypatch.setitem(remote._MODULES, "bucket", "fsspec")
    monkeypatch.setattr(Bucket, "store", {})
    monkeypatch.setattr(Bucket, "pseudo_dirs", [""])
    monkeypatch.setattr(Bucket, "hostile", {})
    remote._store.cache_clear()
    store = Bucket(skip_instance_cache=True)
    for name in ("a.pkl", "deep/b.pkl", "deep/er/c.pkl", "other/d.pkl"):
        store.pipe(f"/box/{name}", MODEL)
    store.pipe("/box/deep/evil.pkl", EVIL)
    store.pipe("/box/deep/notes.txt", b"Nothing to see here.")
    yield store
    remote._store.cache_clear()


def names(report: AuditReport) -> list[str]:
    return [file.path.removeprefix("bucket:///box/") for file in report.files]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("bucket://box/a.pkl", ["a.pkl"]),
        ("bucket://box/deep", ["deep/b.pkl", "deep/evil.pkl", "deep/er/c.pkl"]),
        ("bucket://box/deep/", ["deep/b.pkl", "deep/evil.pkl", "deep/er/c.pkl"]),
        ("bucket://box/*.pkl", ["a.pkl"]),
        ("bucket://box/*/[bd].pkl", ["deep/b.pkl", "other/d.pkl"]),
        ("bucket://box/**/c.pkl", ["deep/er/c.pkl"]),
        ("bucket://box/d*", ["deep/b.pkl", "deep/evil.pkl", "deep/er/c.pkl"]),
        ("bucket://box/?.pkl", ["a.pkl"]),
    ],
)
def test_files_folders_and_patterns_are_found(address: str, found: list[str]) -> None:
    assert names(safeload.audit(address)) == found


def test_a_folder_is_judged_as_on_a_disk() -> None:
    report = safeload.audit("bucket://box/deep")
    assert [file.verdict for file in report.files] == [
        Verdict.ACCEPT,
        Verdict.REFUSE,
        Verdict.ACCEPT,
    ]
    assert [skipped.path for skipped in report.skipped] == ["bucket:///box/deep/notes.txt"]
    assert report.exit_code == 1


@pytest.mark.parametrize("address", ["bucket://box/none.pkl", "bucket://box/no*", "bucket://b/x/"])
def test_what_is_not_there_is_incomplete(address: str) -> None:
    report = safeload.audit(address)
    assert (len(report.files), report.exit_code) == (1, 3)


def test_a_file_that_changes_while_it_is_read_is_not_judged(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Bucket.open

    def racing(self: Bucket, path: str, *args: Any, **kwargs: Any) -> Any:
        file = opened(self, path, *args, **kwargs)
        monkeypatch.setattr(Bucket, "open", opened)
        bucket.pipe(path, MODEL.replace(b"a", b"b"))
        return file

    monkeypatch.setattr(Bucket, "open", racing)
    (found,) = safeload.audit("bucket://box/a.pkl").files
    assert (found.verdict, found.sha256) == (Verdict.INCOMPLETE, "")
    assert safeload.audit("bucket://box/a.pkl").exit_code == 0


def test_a_file_that_is_too_large_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Bucket, "_open", lambda *args, **kwargs: asked.append(args))
    (found,) = safeload.audit("bucket://box/a.pkl", limits=Limits(bytes_in=10)).files
    assert ([each.rule for each in found.findings], asked) == (["SL000"], [])


def test_more_names_than_the_limit_are_said_to_be_missing() -> None:
    report = safeload.audit("bucket://box/", limits=Limits(members=4))
    assert report.files[-1].verdict is Verdict.INCOMPLETE
    assert "limit members" in report.files[-1].findings[0].message
    assert len(report.files) < 5


@pytest.mark.parametrize("name", ["/box/evil", "/box", "/etc/passwd", "/box/evil/", ""])
def test_a_listing_that_leads_out_of_its_folder_or_in_a_circle_ends(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"name": name, "size": 3, "type": "file"}
    monkeypatch.setattr(Bucket, "hostile", {"/box/evil": [entry]})
    report = safeload.audit("bucket://box/evil/")
    assert report.exit_code == 3
    assert [file.sha256 for file in report.files] == [""]


def test_endless_folders_end_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(dict[str, list[dict[str, Any]]]):
        def __contains__(self, path: object) -> bool:
            return True

        def __missing__(self, path: str) -> list[dict[str, Any]]:
            return [{"name": f"{path}/x", "size": 0, "type": "directory"}]

    monkeypatch.setattr(Bucket, "hostile", Endless())
    report = safeload.audit("bucket://box/evil/", limits=Limits(members=50))
    assert report.exit_code == 3


def test_names_that_a_terminal_would_obey_are_escaped(bucket: Bucket) -> None:
    bucket.pipe("/box/odd/\x1b[2J..\u202e.pkl", MODEL)
    bucket.pipe("/box/odd/../../x.pkl", MODEL)
    text = as_json(safeload.audit("bucket://box/odd/"))
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("kind", [PermissionError, FileNotFoundError, ValueError, TimeoutError])
def test_nothing_that_a_library_says_is_shown(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise kind("https://me:hunter2@host/") from RuntimeError("hunter2")

    monkeypatch.setattr(Bucket, "info", fails)
    report = safeload.audit("bucket://box/a.pkl")
    assert report.exit_code == 3
    assert "hunter2" not in as_json(report)


def test_what_a_library_is_missing_for_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(remote._MODULES, "gs", "no_such_library")
    with pytest.raises(UsageError) as caught:
        safeload.audit("gs://box/a.pkl")
    assert caught.value.code == "extra-missing"
    assert "safeload[gs]" in caught.value.hint
