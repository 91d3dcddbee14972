"""Programs beside a report: read once more, of the very bytes that were judged, or said why not."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import safeload
from safeload.report import programs
from safeload.report.programs import Rereading
from safeload.verdict import FileReport
from tests.builder import Name, Pickle

ATTACK = Pickle(4).call(Name("posix", "system"), "touch canary").finish()


@pytest.fixture
def attack(tmp_path: Path) -> FileReport:
    path = tmp_path / "attack.pkl"
    path.write_bytes(ATTACK)
    (file,) = safeload.audit(path).files
    return file


def test_the_program_of_a_refused_file(attack: FileReport) -> None:
    (listing,) = Rereading()(attack)
    assert listing.lines[0] == "from posix import system"
    assert (listing.left_out, listing.problem) == (0, "")


def test_each_stream_is_a_program(tmp_path: Path) -> None:
    nested = Pickle.nested_objects("a", Name("posix", "system"))
    (tmp_path / "a.joblib").write_bytes(Pickle(4).object_array(nested).finish())
    (file,) = safeload.audit(tmp_path).files
    assert len(Rereading()(file)) == 2


def test_programs_in_an_archive_are_called_by_their_paths(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in range(30):
            archive.writestr(f"{number}.pkl", ATTACK)
    (file,) = safeload.audit(tmp_path).files
    *shown, rest = Rereading()(file)
    assert [one.title.partition(":")[0] for one in shown] == [f"{n}.pkl" for n in range(20)]
    assert all("from posix import system" in one.lines for one in shown)
    assert rest.problem


def test_lines_are_bounded_and_counted(attack: FileReport) -> None:
    whole = Rereading()(attack)[0].lines
    (cut,) = Rereading(lines=1)(attack)
    assert (cut.lines, cut.left_out) == (whole[:1], len(whole) - 1)


def test_files_are_bounded_and_the_rest_is_said(attack: FileReport) -> None:
    reread = Rereading(files=1)
    assert reread(attack)[0].lines
    (listing,) = reread(attack)
    assert not listing.lines
    assert listing.problem


def test_a_long_program_is_left_to_explain(
    attack: FileReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_OPCODES", 1)
    (listing,) = Rereading()(attack)
    assert not listing.lines
    assert listing.problem


@pytest.mark.parametrize("change", ["other bytes", "gone", "a folder"])
def test_no_program_is_shown_of_another_file(attack: FileReport, change: str) -> None:
    path = Path(attack.path)
    path.unlink()
    if change == "other bytes":
        path.write_bytes(ATTACK[:-1] + b"0.")
    elif change == "a folder":
        path.mkdir()
    (listing,) = Rereading()(attack)
    assert not listing.lines
    assert listing.problem


def test_what_is_accepted_or_was_not_read_is_not_read_again(
    attack: FileReport, tmp_path: Path
) -> None:
    (tmp_path / "plain.pkl").write_bytes(b"\x80\x04N.")
    (tmp_path / "odd.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    files = safeload.audit(tmp_path, tmp_path / "nothing").files
    others = [file for file in files if file.path != attack.path]
    assert len(others) == 3
    Path(attack.path).unlink()
    assert [Rereading()(file) for file in others] == [[], [], []]
    assert [Rereading()(replace(attack, sha256=""))] == [[]]
