"""What is released is what was committed, the same to the byte wherever it is built."""

from __future__ import annotations

import io
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "build_release.py"))
EPOCH = 1_700_000_000

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None,
    reason="there is no repository to build from",
)


@pytest.fixture(scope="module")
def files() -> list[str]:
    """What would be committed now; the builder itself takes the last commit."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(words, cwd=ROOT, text=True).split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def builds(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[list[Path]]:
    """Two builds, in folders of other names, at other times, under other umasks."""
    made = []
    for name, umask, time in (("one", 0o022, EPOCH), ("another", 0o077, EPOCH + 86_400)):
        folder = tmp_path_factory.mktemp(name)
        for file in files:
            copy = folder / "source" / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, copy)
            copy.chmod(0o666 & ~umask)
            os.utime(copy, (time, time))
        made.append(TOOL["build"](folder / "source", folder / "built", epoch=EPOCH, umask=umask))
    return made


def test_two_builds_are_the_same_to_the_byte(builds: list[list[Path]]) -> None:
    assert [path.name.partition("-")[0] for path in builds[0]] == ["safeload", "safeload"]
    assert TOOL["differing"](*builds) == []


def test_the_wheel_has_the_package_and_nothing_else(
    builds: list[list[Path]], files: list[str]
) -> None:
    _, wheel = builds[0]
    assert TOOL["wheel_faults"](wheel, files) == []
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        times = {info.date_time[0] for info in archive.infolist()}
    assert {"safeload/py.typed", "safeload/rules/SL101.md"} <= set(names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"safeload"}
    assert {Path(name).suffix for name in names} >= {".py", ".toml", ".json", ".css", ".js", ".md"}
    assert times == {2023}


def test_who_has_only_the_wheel_can_do_all_that_the_readme_shows(
    builds: list[list[Path]], tmp_path: Path
) -> None:
    installed, here = tmp_path / "installed", tmp_path / "here"
    here.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", installed, builds[0][1]], check=True)
    path = os.pathsep.join(map(str, (installed / "bin", Path(sys.executable).parent)))
    done = subprocess.run(
        [sys.executable, "-P", ROOT / "tests" / "documents.py", ROOT / "README.md"],
        cwd=here,
        env={"PATH": f"{path}{os.pathsep}{os.defpath}", "PYTHONPATH": str(installed)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # What ran was the wheel's.
    assert list((installed / "safeload" / "cli" / "__pycache__").glob("sign.*.pyc"))


def test_the_sdist_has_every_file_of_the_commit(builds: list[list[Path]], files: list[str]) -> None:
    sdist, _ = builds[0]
    assert TOOL["sdist_faults"](sdist, files) == []
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        owners = {(member.uid, member.uname, member.mtime) for member in archive.getmembers()}
    assert {"Makefile", "tests/conftest.py", "docs/ci.md", "tools/build_release.py"} <= names
    assert owners == {(0, "", EPOCH)}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tests/test_gate.py", "is not of the commit"),
        ("safeload/backdoor.pth", "is not of the commit"),
        ("zlib.py", "is not of the commit"),
        ("safeload/gate.py", "is there twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_was_added_to_a_wheel_is_told(
    builds: list[list[Path]], files: list[str], tmp_path: Path, name: str, says: str
) -> None:
    wheel = Path(shutil.copy(builds[0][1], tmp_path))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(name, "")
    assert TOOL["wheel_faults"](wheel, files) == [f"{name} {says}"]
    assert TOOL["differing"]([wheel], builds[0][1:]) == [wheel.name]


def test_what_a_release_lacks_is_told(builds: list[list[Path]], files: list[str]) -> None:
    sdist, wheel = builds[0]
    more = [*files, "safeload/policy/packs/more.toml", "tests/more.py"]
    assert TOOL["wheel_faults"](wheel, more) == ["safeload/policy/packs/more.toml is missing"]
    folder = sdist.name.removesuffix(".tar.gz")
    assert TOOL["sdist_faults"](sdist, more) == [
        f"{folder}/safeload/policy/packs/more.toml is missing",
        f"{folder}/tests/more.py is missing",
    ]
    assert TOOL["differing"]([wheel], []) == [wheel.name]


def test_an_sdist_that_leads_out_of_its_folder_is_not_unpacked(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../canary"), io.BytesIO())
    with pytest.raises(tarfile.OutsideDestinationError):
        TOOL["_unpack"](data.getvalue(), tmp_path / "into")
    assert not (tmp_path / "canary").exists()
