"""What a killed run left is swept, and nothing else, whoever has named it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safeload.writing.drafts import PART, draft
from safeload.writing.files import write_new
from safeload.writing.folder import Folder

NAME = ".safeload-0123456789abcdef"
ALIVE = ".safeload-alive"


def swept(folder: Path) -> set[str]:
    """The names that are left after somebody has written to a folder."""
    write_new(folder / "file", b"", mode=0o600)
    (folder / "file").unlink()
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def left_behind(folder: Path, *names: str) -> Path:
    path = folder / NAME
    path.mkdir(mode=0o700)
    for name in names:
        (path / name).write_bytes(b"")
    return path


@pytest.mark.parametrize("names", [(), (ALIVE,), (f"{PART}model",), (ALIVE, f"{PART}model")])
def test_a_draft_of_a_killed_run_is_swept(tmp_path: Path, names: tuple[str, ...]) -> None:
    left_behind(tmp_path, *names)
    assert swept(tmp_path) == set()


def test_a_draft_of_a_living_run_stays(tmp_path: Path) -> None:
    with Folder.opened(tmp_path) as folder, draft(folder) as inner:
        inner.write(f"{PART}model", b"", mode=0o600)
        name = inner.path.name
        assert swept(tmp_path) == {name, f"{name}/{ALIVE}", f"{name}/{PART}model"}
    assert list(tmp_path.iterdir()) == []


def test_other_names_stay(tmp_path: Path) -> None:
    names = {".safeload-0123456789abcdeg", ".safeload-0123", "safeload-0123456789abcdef"}
    for name in names:
        (tmp_path / name).mkdir()
    assert swept(tmp_path) == names


@pytest.mark.guarantee("G24")
def test_a_folder_that_was_given_the_name_of_a_draft_keeps_its_files(tmp_path: Path) -> None:
    # Whoever may write to the folder can rename what lies in it.
    private = left_behind(tmp_path, "thesis.txt", ".safeload-lock")
    (private / "deep").mkdir()
    (private / "deep" / f"{PART}x").write_bytes(b"")
    assert swept(tmp_path) == {
        NAME,
        f"{NAME}/thesis.txt",
        f"{NAME}/.safeload-lock",
        f"{NAME}/deep",
        f"{NAME}/deep/{PART}x",
    }


@pytest.mark.guarantee("G24")
def test_no_link_is_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{PART}model").write_bytes(b"precious")
    here = tmp_path / "here"
    here.mkdir()
    (here / NAME).symlink_to(elsewhere)
    assert swept(here) == {NAME}
    (here / NAME).unlink()
    left = left_behind(here)
    (left / f"{PART}a").symlink_to(elsewhere / f"{PART}model")
    (left / f"{PART}b").symlink_to(elsewhere)
    (left / ALIVE).symlink_to(elsewhere / f"{PART}model")
    # Nobody but us can have put links there. They are not followed all the same.
    swept(here)
    assert (elsewhere / f"{PART}model").read_bytes() == b"precious"


def test_a_file_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"precious")
    assert swept(tmp_path) == {NAME}


@pytest.mark.guarantee("G24")
@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root makes files of others"
)
def test_what_belongs_to_somebody_else_stays(tmp_path: Path) -> None:
    left = left_behind(tmp_path, f"{PART}model")
    os.chown(left, 65534, 65534)
    assert swept(tmp_path) == {NAME, f"{NAME}/{PART}model"}


def test_a_folder_that_others_may_enter_is_no_draft(tmp_path: Path) -> None:
    left_behind(tmp_path, f"{PART}model").chmod(0o777)
    assert swept(tmp_path) == {NAME, f"{NAME}/{PART}model"}


def test_one_of_two_files_that_belong_together_goes_without_the_other(tmp_path: Path) -> None:
    left = left_behind(tmp_path, f"{PART}new-0", f"{PART}new-1")
    (tmp_path / "key.pub").hardlink_to(left / f"{PART}new-0")
    assert swept(tmp_path) == set()


def test_two_files_that_have_their_names_stay(tmp_path: Path) -> None:
    left = left_behind(tmp_path, f"{PART}new-0", f"{PART}new-1")
    (tmp_path / "key.pub").hardlink_to(left / f"{PART}new-0")
    (tmp_path / "key").hardlink_to(left / f"{PART}new-1")
    assert swept(tmp_path) == {"key", "key.pub"}
