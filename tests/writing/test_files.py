"""What is written has its name whole or not at all, and replaces what had it with its rights."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from safeload.writing.files import NewFile, replace_file, write_new, write_together

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a POSIX matter")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root gives files away"
)


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_links(*_: Any, **__: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_full_disk_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_new(tmp_path / "key", b"secret", mode=0o600)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["fchmod", "replace", "fsync"])
def test_a_failed_replacement_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="space"):
        replace_file(path, b"new", mode=0o600)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize("follow", [True, False])
def test_a_link_is_followed_only_if_that_is_wanted(tmp_path: Path, follow: bool) -> None:
    path, target = tmp_path / "file", tmp_path / "target"
    target.write_bytes(b"old")
    path.symlink_to("target")
    replace_file(path, b"new", mode=0o600, follow=follow)
    assert path.read_bytes() == b"new"
    assert path.is_symlink() is follow
    assert target.read_bytes() == (b"new" if follow else b"old")


@posix
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o444, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(bits)
    replace_file(path, b"new", mode=0o666)
    assert (path.read_bytes(), mode(path)) == (b"new", bits)


@posix
@pytest.mark.parametrize(("umask", "bits"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(
    tmp_path: Path, umask: int, bits: int
) -> None:
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "replaced", b"", mode=0o666)
        write_new(tmp_path / "new", b"", mode=0o666)
        write_new(tmp_path / "private", b"", mode=0o600)
    finally:
        os.umask(before)
    assert mode(tmp_path / "replaced") == mode(tmp_path / "new") == bits
    assert mode(tmp_path / "private") == 0o600


@posix
def test_a_link_that_leads_nowhere_gives_no_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.symlink_to("file")
    replace_file(path, b"new", mode=0o600)
    assert (path.read_bytes(), path.is_symlink()) == (b"new", False)


@as_root
def test_a_file_that_is_replaced_keeps_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    os.chown(path, 65534, 65533)
    replace_file(path, b"new", mode=0o666)
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (65534, 65533, 0o640)


@posix
def test_another_group_gets_no_rights_that_were_not_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o664)
    there = path.stat()
    # Whoever may not give the group away has a file of another group.
    monkeypatch.setattr(os, "fchown", no_links)
    other = os.stat_result([*there[:5], there.st_gid + 1, *there[6:10]])
    original = os.stat
    monkeypatch.setattr(
        os, "stat", lambda name, **more: other if name == "file" else original(name, **more)
    )
    replace_file(path, b"new", mode=0o666)
    monkeypatch.undo()
    assert (path.read_bytes(), mode(path)) == (b"new", 0o644)


@pytest.mark.parametrize("name", ["", "a\0b", ".safeload-lock", ".safeload-0123456789abcdef"])
def test_a_name_that_is_none_or_reserved_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, check=lambda error: error.errno == errno.EINVAL):
        write_together(tmp_path, [NewFile(name, b"", 0o600)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_of_files_that_belong_together_none_is_written_if_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    files = [NewFile("a", b"a", 0o600), NewFile("b", b"b", 0o600)]
    (tmp_path / "b").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        write_together(tmp_path, files)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_bytes() == b"precious"
    (tmp_path / "b").unlink()
    write_together(tmp_path, files)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"a", "b": b"b"}


def test_where_there_are_no_links_a_failure_brings_the_old_file_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr("safeload.writing.folder.Folder.sync", full)
    with pytest.raises(OSError, match="space"):
        replace_file(path, b"new", mode=0o600)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_writes_no_folder_through_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    original = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, "no")
        original(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    replace_file(tmp_path / "file", b"new", mode=0o600)
    assert (tmp_path / "file").read_bytes() == b"new"


def test_without_operations_in_an_open_folder_paths_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safeload.writing.folder._RELATIVE", False)
    (tmp_path / "file").write_bytes(b"old")
    replace_file(tmp_path / "file", b"new", mode=0o600)
    write_new(tmp_path / "other", b"x", mode=0o600)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"file": b"new", "other": b"x"}
    with pytest.raises(NotADirectoryError):
        write_new(tmp_path / "file" / "x", b"", mode=0o600)
