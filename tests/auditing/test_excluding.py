"""What is excluded is left out of folders only, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

import safeload
from safeload.auditing.excluding import Excluded
from safeload.errors import UsageError
from safeload.report.console import as_text
from safeload.report.json import as_document
from tests.builder import Name, Pickle
from tests.containers import zipped

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
FILES = ["a.pkl", "old/a.pkl", "old/sub/b.pkl", "new/old/c.pkl", "new/d.pkl", "bold"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(EVIL)
    return tmp_path / "models"


def left(folder: Path, *patterns: str) -> set[str]:
    report = safeload.audit(folder, exclude=patterns)
    assert report.excluded is not None
    assert report.excluded.files + len(report.files) == len(FILES)
    return {Path(file.path).relative_to(folder).as_posix() for file in report.files}


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        (["old"], {"old/a.pkl", "old/sub/b.pkl", "new/old/c.pkl"}),
        (["old/"], {"old/a.pkl", "old/sub/b.pkl", "new/old/c.pkl"}),
        (["/old"], {"old/a.pkl", "old/sub/b.pkl"}),
        (["./old"], {"old/a.pkl", "old/sub/b.pkl", "new/old/c.pkl"}),
        (["new/old"], {"new/old/c.pkl"}),
        (["a.pkl"], {"a.pkl", "old/a.pkl"}),
        (["a.pkl/"], set()),
        (["/a.pkl"], {"a.pkl"}),
        (["old/*.pkl"], {"old/a.pkl"}),
        (["old/**"], {"old/a.pkl", "old/sub/b.pkl"}),
        (["**/b.pkl"], {"old/sub/b.pkl"}),
        (["new/**/c.pkl"], {"new/old/c.pkl"}),
        (["[ab].pkl"], {"a.pkl", "old/a.pkl", "old/sub/b.pkl"}),
        (["bol?", "d.pkl"], {"bold", "new/d.pkl"}),
        (["OLD"], set()),
        (["*"], set(FILES)),
    ],
)
def test_patterns_are_those_of_git(folder: Path, patterns: list[str], gone: set[str]) -> None:
    assert set(FILES) - left(folder, *patterns) == gone


def test_what_is_excluded_is_counted_in_every_report(folder: Path) -> None:
    report = safeload.audit(folder, exclude=["old", "*.nothing"])
    assert report.excluded == Excluded(("old", "*.nothing"), 3)
    assert as_document(report)["excluded"] == {"patterns": ["old", "*.nothing"], "files": 3}
    assert "; 3 files excluded" in as_text(report)
    assert as_document(safeload.audit(folder))["excluded"] is None
    assert "files excluded" not in as_text(safeload.audit(folder))


def test_a_file_that_is_named_is_audited_whatever_is_excluded(folder: Path) -> None:
    report = safeload.audit(folder / "a.pkl", folder / "old", exclude=["*.pkl"])
    assert [Path(file.path).name for file in report.files] == ["a.pkl"]
    assert report.exit_code == 1


def test_nothing_within_an_archive_is_excluded(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped([("old/a.pkl", EVIL)]))
    report = safeload.audit(tmp_path, exclude=["old", "a.pkl"])
    assert [file.verdict.value for file in report.files] == ["refuse"]


@pytest.mark.parametrize("pattern", ["/", "./", "!old", "../old", "a/../b", "a\0b"])
def test_what_is_no_pattern_is_an_error(folder: Path, pattern: str) -> None:
    with pytest.raises(UsageError) as raised:
        safeload.audit(folder, exclude=[pattern])
    assert raised.value.code == "exclude-malformed"


@pytest.mark.parametrize("patterns", [5, [5], [""]])
def test_what_is_no_list_of_texts_is_an_error(folder: Path, patterns: list[str]) -> None:
    with pytest.raises(UsageError):
        safeload.audit(folder, exclude=patterns)
