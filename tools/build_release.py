"""A commit becomes the wheel and the sdist of a release: ``python tools/build_release.py dist``.

The sdist is built from what is committed, and the wheel from the sdist, as whoever installs from
one would. All of it is done twice, in different folders and under different umasks, and must come
out the same to the byte: times are that of the commit (``SOURCE_DATE_EPOCH``), and nothing of the
machine gets in. What was built is then looked at: the wheel has every file of the package and
nothing else, the sdist every file of the commit. What lies there before is replaced, and beside
both files comes ``SHA256SUMS``.

Usage:
    build_release.py FOLDER             build, look at it, and write it there
    build_release.py FOLDER --collect   collect the tests of the sdist too, with what is installed

Trust: the commit and the build backend are believed; the two builds tell what depends on chance or
on the machine, not what somebody wrote into the commit.

Source: the specifications of wheels and of ``pyproject.toml``; reproducible-builds.org on
``SOURCE_DATE_EPOCH``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["build", "committed", "sdist_faults", "wheel_faults"]

ROOT = Path(__file__).resolve().parent.parent
# The build backend's own interface, in a process whose current folder is what is built.
_BUILD = """
import sys
from hatchling import build
print(getattr(build, "build_" + sys.argv[1])(sys.argv[2]))
"""
_UMASKS = (0o022, 0o077)
# What the commit has and no release needs: how a change is tested on one machine.
_LEFT_OUT = (".ci/",)
# Pages that the wheel holds in another place than the commit.
_MOVED = ("docs/rules/", "safeload/rules/")


def main() -> None:
    """Build a release, and leave with an error where anything is wrong with it."""
    parser = argparse.ArgumentParser(description="Build the wheel and the sdist of the last commit")
    parser.add_argument("folder", type=Path, help="where both are written")
    parser.add_argument("--collect", action="store_true", help="collect the sdist's own tests")
    given = parser.parse_args()
    if changed := _git("status", "--porcelain", "--untracked-files=no").decode():
        sys.exit(f"What is built is the last commit, and these files differ from it:\n{changed}")
    files = committed()
    epoch = int(_git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory(prefix="safeload-") as place:
        builds = []
        for number, umask in enumerate(_UMASKS):
            folder = Path(place, f"{number}" * (number + 1))
            _unpack(_git("archive", "--format=tar", "--prefix=source/", "HEAD"), folder)
            builds.append(build(folder / "source", folder / "built", epoch=epoch, umask=umask))
        faults = [f"{name}: the builds differ" for name in differing(*builds)]
        sdist, wheel = builds[0]
        faults += [f"{sdist.name}: {fault}" for fault in sdist_faults(sdist, files)]
        faults += [f"{wheel.name}: {fault}" for fault in wheel_faults(wheel, files)]
        if given.collect:
            faults += _faults_at_work(sdist, Path(place, "unpacked"))
        if faults:
            sys.exit("\n".join(faults))
        _publish([sdist, wheel], given.folder)


def committed() -> list[str]:
    """The files of the last commit, as paths from the project's folder."""
    names = _git("ls-tree", "-r", "-z", "--name-only", "HEAD").decode().split("\0")
    return [name for name in names if name]


def build(source: Path, into: Path, *, epoch: int, umask: int) -> list[Path]:
    """Build an sdist, and a wheel from that sdist.

    Args:
        source: The project's files.
        into: A folder that is made for both.
        epoch: The time that everything gets, seconds since 1970.
        umask: Permission bits that new files of the build do not get.

    Returns:
        The sdist and the wheel.
    """
    into.mkdir()
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(kind: str, folder: Path) -> Path:
        done = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", _BUILD, kind, str(into)],
            cwd=folder, env=environment, umask=umask, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            sys.exit(f"The {kind} cannot be built:\n{done.stdout}{done.stderr}")
        return into / done.stdout.splitlines()[-1]

    sdist = run("sdist", source)
    _unpack(sdist.read_bytes(), into / "from-sdist")
    (unpacked,) = (into / "from-sdist").iterdir()
    return [sdist, run("wheel", unpacked)]


def differing(first: Iterable[Path], second: Iterable[Path]) -> list[str]:
    """The names of files that two builds did not both make with the same bytes."""
    one, other = ({path.name: path.read_bytes() for path in built} for built in (first, second))
    return sorted(name for name in one | other if one.get(name) != other.get(name))


def wheel_faults(wheel: Path, files: Iterable[str]) -> list[str]:
    """What a wheel has too much or too little, against what was committed.

    Args:
        wheel: The wheel.
        files: Paths of the commit.

    Returns:
        One sentence for each fault, in order.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    about = "{}-{}.dist-info".format(*wheel.name.split("-")[:2])
    expected = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    expected.add(f"{about}/licenses/LICENSE")
    expected |= {name for name in files if name.startswith("safeload/")}
    data = "{}-{}.data".format(*wheel.name.split("-")[:2])
    expected.add(f"{data}/data/share/man/man1/safeload.1")
    before, after = _MOVED
    expected |= {after + name.removeprefix(before) for name in files if name.startswith(before)}
    return _against(names, expected)


def sdist_faults(sdist: Path, files: Iterable[str]) -> list[str]:
    """What an sdist has too much or too little, against what was committed.

    Args:
        sdist: The sdist.
        files: Paths of the commit.

    Returns:
        One sentence for each fault, in order.
    """
    with tarfile.open(sdist) as archive:
        names = [member.name for member in archive.getmembers()]
    folder = sdist.name.removesuffix(".tar.gz")
    expected = {f"{folder}/{name}" for name in files if not name.startswith(_LEFT_OUT)}
    return _against(names, expected | {f"{folder}/PKG-INFO"})


def _against(names: list[str], expected: set[str]) -> list[str]:
    faults = [f"{name} is missing" for name in sorted(expected - set(names))]
    faults += [f"{name} is not of the commit" for name in sorted(set(names) - expected)]
    return faults + [
        f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1
    ]


def _faults_at_work(sdist: Path, place: Path) -> list[str]:
    """What does not work in an sdist that was unpacked."""
    _unpack(sdist.read_bytes(), place)
    (folder,) = place.iterdir()
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    shown = "import safeload; print(safeload.__file__)"
    commands = [collect, ["make", "help"], ["make", "--dry-run", "test"]]
    faults = []
    for command in commands:
        done = subprocess.run(  # noqa: S603  # the commands above
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            faults.append(f"{sdist.name}: {' '.join(command)} fails:\n{done.stdout}{done.stderr}")
        elif command is collect:
            sys.stdout.write(f"sdist: {done.stdout.splitlines()[-1]}\n")
    # What was collected is what was unpacked, and nothing that is installed.
    found = subprocess.check_output(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", shown], cwd=folder, text=True
    )
    if Path(found.strip()).resolve().parent.parent != folder.resolve():
        faults.append(f"{sdist.name}: its tests would import {found}")
    return faults


def _publish(files: Iterable[Path], folder: Path) -> None:
    """Put what was built into a folder, in the place of what was built before."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("safeload-*"), *folder.glob("SHA256SUMS")):
        old.unlink()
    lines = []
    for file in files:
        data = file.read_bytes()
        (folder / file.name).write_bytes(data)
        lines.append(f"{hashlib.sha256(data).hexdigest()}  {file.name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), "ascii")
    sys.stdout.write("".join(lines))


def _unpack(data: bytes, into: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(into, filter="data")


def _git(*words: str) -> bytes:
    return subprocess.check_output(["git", *words], cwd=ROOT)  # noqa: S603, S607  # whoever's git


if __name__ == "__main__":
    main()
