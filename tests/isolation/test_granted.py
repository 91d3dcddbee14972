"""The process of a model may read what Python imports from, whatever else is on the import path."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from safeload.isolation.granted import _modules, granted, import_path, is_root
from tests.isolation.test_model import held, load
from tests.isolation.third_parties import ThirdParty


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """An import path that may be changed."""
    entries: list[Any] = [*sys.path]
    monkeypatch.setattr(sys, "path", entries)
    return entries


def test_what_nobody_imports_from_stops_nothing(tmp_path: Path, path: list[Any]) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "new\nline").mkdir()
    (tmp_path / "file").write_text("")
    path += [
        None,
        3,
        b"/bytes",
        Path("/object"),
        "",
        ".",
        "relative",
        "/a\0b",
        "/\ud800",
        "/\udcff",
    ]
    path += [f"/{'long' * 2000}", f"{tmp_path}/loop", f"{tmp_path}/new\nline", f"{tmp_path}/file/x"]
    path += [f"/nonexistent/{number}" for number in range(100)] + path[:3]
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        everywhere = {"memory", "processor", "system_calls"}
        assert not everywhere & set(isolated.confinement.missing)
        assert isolated.predict(["1 + 1"]) == ["2"]
        held(isolated, "files")
        assert isolated.predict(["open('/proc/self/environ')"]) == ["PermissionError"]


def test_what_is_no_absolute_path_is_not_handed_on(path: list[Any]) -> None:
    path[:] = ["", ".", None, Path("/a"), b"/a", "/a\0b", "/\ud800", "/a", "/\udcff"]
    assert import_path() == ["/a", "/\udcff"]


def test_an_archive_and_a_linked_package_are_there(tmp_path: Path, path: list[Any]) -> None:
    archive, site, source = tmp_path / "a.zip", tmp_path / "site", tmp_path / "source"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("inner/zipped_module.py", "VALUE = 'zipped'")
    site.mkdir()
    for name in ("absolute", "relative", "no_package"):
        (source / name).mkdir(parents=True)
    for name in ("absolute", "relative"):
        (source / name / "__init__.py").write_text(f"VALUE = {name!r}")
    (source / "no_package" / "secret").write_text("secret")
    (site / "linked_package").symlink_to(source / "absolute")
    (site / "linked_too").symlink_to("../source/relative")
    (site / "no_package").symlink_to(source / "no_package")
    path += [f"{archive}/inner", str(site)]
    assert {str(archive), str(site), str(source / "absolute")} <= set(granted())
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        names = ("zipped_module", "linked_package", "linked_too")
        found = isolated.predict([f"__import__({name!r}).VALUE" for name in names])
        assert found == ["zipped", "absolute", "relative"]
        held(isolated, "files")
        (secret,) = isolated.predict([f"open({str(source / 'no_package' / 'secret')!r}).read()"])
        assert secret in ("PermissionError", "FileNotFoundError")


@pytest.mark.guarantee("G20")
def test_no_file_about_processes_is_granted(
    tmp_path: Path, path: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("/proc/self")
    path += ["/proc", "/proc/", "/proc/self/cwd", "/dev/fd", f"{tmp_path}/link"]
    monkeypatch.setenv("LD_LIBRARY_PATH", ".:lib:/proc/self/cwd")
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        held(isolated, "files")
        files = ["/proc/self/environ", "/proc/self/mountinfo", "/proc/1/status", "/proc/version"]
        found = isolated.predict([f"open({file!r}).read()" for file in files])
        assert set(found) <= {"PermissionError", "FileNotFoundError"}


@pytest.mark.parametrize("root", ["/", "//", "/usr/.."])
def test_of_the_root_only_what_can_be_imported_is_granted(path: list[Any], root: str) -> None:
    assert is_root(root)
    path[:] = [root, *path]
    assert not any(map(is_root, granted()))
    assert not {"/etc", "/home", "/root", "/tmp", "/var"} & set(granted())


def test_what_can_be_imported_is_a_module_or_a_package(tmp_path: Path) -> None:
    for name in ("module.py", "compiled.abi3.so", "data.csv", "secret"):
        (tmp_path / name).write_text("")
    for name in ("package", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    names = [Path(found).name for found in _modules(str(tmp_path))]
    assert names == ["compiled.abi3.so", "module.py", "package"]
    assert _modules(str(tmp_path / "nowhere")) == []
