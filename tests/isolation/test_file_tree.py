"""Beyond what the process of a model was granted there is nothing: no names, no sizes, no times."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import safeload
from safeload.isolation import process
from safeload.isolation.file_tree import _bindings
from tests.isolation.test_model import held, load
from tests.isolation.third_parties import ThirdParty


@pytest.fixture(scope="module")
def third_party(third_party: safeload.IsolatedModel) -> safeload.IsolatedModel:
    """One that is held in the way that is tried here."""
    held(third_party, "paths")
    return third_party


@pytest.mark.guarantee("G20")
def test_what_was_not_granted_is_not_there(
    third_party: safeload.IsolatedModel, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    system = "__import__('os')"
    paths = [
        str(secret),
        str(tmp_path),
        f"../../../..{secret}",
        f"/proc/self/root{secret}",
        f"/proc/self/cwd{secret}",
        f"/proc/1/root{secret}",
        f"/proc/1/cwd/..{secret}",
        f"/old{secret}",
        "/etc/passwd",
        "/etc/hostname",
        "/home",
        f"/proc/{os.getpid()}/cmdline",
        "/sys/class/net",
        "/dev/shm",
        "/run",
        "/var",
    ]
    tried = [f"{system}.{call}({path!r})" for path in paths for call in ("stat", "readlink")]
    tried += [f"{system}.access({path!r}, 0)" for path in paths]
    # Into the folders of processes that are not its own, Landlock and the kernel do not let it.
    assert set(third_party.predict(tried)) <= {"FileNotFoundError", "PermissionError", "False"}
    assert third_party.predict([f"{system}.stat({str(secret)!r})"]) == ["FileNotFoundError"]


@pytest.mark.guarantee("G20")
def test_the_machine_has_no_name_and_users_no_numbers(third_party: safeload.IsolatedModel) -> None:
    system = "__import__('os')"
    host, users = third_party.predict([f"{system}.uname().nodename", f"{system}.getresuid()"])
    assert host == "isolated"
    assert users == "PermissionError"
    assert third_party.predict([f"{system}.getuid()", f"{system}.getgid()"]) == ["65534", "65534"]


def test_it_finds_what_it_was_granted_by_way_of_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    folder = there / "a folder \udcff"
    (folder / "inner").mkdir(parents=True)
    (folder / "granted.txt").write_text("granted")
    (there / "hidden.txt").write_text("hidden")
    link = tmp_path / "link"
    link.symlink_to(there)
    by_link = link / folder.name
    before = (folder / "granted.txt").stat()
    monkeypatch.setattr(sys, "path", [*sys.path, str(by_link), str(folder / "inner")])
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        held(isolated, "paths")
        tried = [f"open({str(path / 'granted.txt')!r}).read()" for path in (by_link, folder)]
        tried += [f"__import__('os').path.exists({str(p / 'hidden.txt')!r})" for p in (there, link)]
        assert isolated.predict(tried) == ["granted", "granted", "False", "False"]
    after = (folder / "granted.txt").stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    assert sorted(path.name for path in there.iterdir()) == ["a folder \udcff", "hidden.txt"]


def test_a_script_in_the_root_grants_no_more_than_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, third_party: safeload.IsolatedModel
) -> None:
    monkeypatch.setattr(sys, "path", ["/", *sys.path])
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        assert isolated.confinement == third_party.confinement
        system = "__import__('os')"
        tried = [f"{system}.stat('/etc/passwd')", f"{system}.stat({str(tmp_path)!r})"]
        assert isolated.predict(tried) == ["FileNotFoundError"] * 2
        # Modules are looked for there.
        (listed,) = isolated.predict([f"{system}.listdir('/')"])
        assert "usr" in listed
        assert "home" not in listed


def test_a_prefix_that_is_the_root_hides_the_rest_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, third_party: safeload.IsolatedModel
) -> None:
    del third_party  # Its machine can hide paths.
    before = Path("/old").exists()
    code = process._PROGRAM.replace("main(", "sys.prefix = '/'\nmain(")
    monkeypatch.setattr(process, "_PROGRAM", code)
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        assert isolated.confinement.paths
        assert isolated.predict(["__import__('os').path.exists('/etc/passwd')"]) == ["False"]
    assert Path("/old").exists() == before


def test_a_folder_stands_before_what_is_in_it_and_once(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a-b").mkdir()
    (tmp_path / "link").symlink_to(inner)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "z")
    (tmp_path / "z").mkdir()
    given = [str(inner), str(tmp_path / "a"), str(tmp_path / "a-b"), str(tmp_path / "link"), "a"]
    given += [str(tmp_path / "nowhere"), "/proc/self", str(tmp_path / "a" / "link")]
    assert list(_bindings(given)) == [
        (str(tmp_path / "a"), str(tmp_path / "a")),
        (str(tmp_path / "a-b"), str(tmp_path / "a-b")),
        (str(tmp_path / "link"), str(inner)),
        (str(tmp_path / "z"), str(tmp_path / "z")),
    ]
